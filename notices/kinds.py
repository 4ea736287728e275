"""The kinds of this room."""

from kit.kinds import Kind, Page
from notices.models import WebhookEndpoint

KINDS = (
    Kind(
        WebhookEndpoint,
        "Webhook",
        "Webhooks",
        icon="webhook",
        page=Page("notices:webhook_detail", "object_id"),
        permission="notices.webhook_view",
        is_discussed=False,
    ),
)
