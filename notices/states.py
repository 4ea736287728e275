"""The states of a message."""

from django.db.models import TextChoices


class MessageState(TextChoices):
    """The first four are history.states.Work: a message is claimed, tried and settled like all work."""

    PENDING = "pending", "Waiting"
    CLAIMED = "claimed", "Sending"
    DONE = "done", "Sent"
    DEAD = "dead", "Failed"
    UNCERTAIN = "uncertain", "Delivery uncertain"
    UNWANTED = "unwanted", "Cancelled"
    HELD = "held", "Held back"
