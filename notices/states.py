"""The states of a message."""

from django.db.models import TextChoices


class MessageState(TextChoices):
    """The first four states are those of history.states.Work: messages are claimed and settled too."""

    PENDING = "pending", "Waiting"
    CLAIMED = "claimed", "Sending"
    DONE = "done", "Sent"
    DEAD = "dead", "Failed"
    UNCERTAIN = "uncertain", "Delivery uncertain"
    UNWANTED = "unwanted", "Cancelled"
    HELD = "held", "Held back"
