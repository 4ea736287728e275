"""The states of a message and of the delivery of a webhook, and the shapes of webhooks."""

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
    BUNDLED = "bundled", "Waiting in a bundle"


class DeliveryState(TextChoices):
    """The first four states are those of history.states.Work: deliveries are claimed and settled too."""

    PENDING = "pending", "Waiting"
    CLAIMED = "claimed", "Sending"
    DONE = "done", "Accepted"
    DEAD = "dead", "Failed"
    UNWANTED = "unwanted", "Cancelled"


class WebhookShape(TextChoices):
    """The form of the body, for the system that receives it."""

    STANDARD = "standard", "Standard Webhooks"
    SLACK = "slack", "Slack"
    TEAMS = "teams", "Microsoft Teams"
