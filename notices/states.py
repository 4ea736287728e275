"""How a message ends, and what is done in doubt."""

from django.db.models import TextChoices


class MessageState(TextChoices):
    """The first four are history.states.Work: a message is claimed, tried and settled like all work."""

    PENDING = "pending", "Waiting"
    CLAIMED = "claimed", "Sending"
    DONE = "done", "Sent"
    DEAD = "dead", "Failed"
    UNCERTAIN = "uncertain", "Delivery uncertain"
    UNWANTED = "unwanted", "Cancelled"


class Policy(TextChoices):
    """When the line breaks after the data: nobody can know whether it was taken."""

    RESEND = "resend", "Send again"
    PARK = "park", "Hold for an administrator"
