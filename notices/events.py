"""The events of this room: a mail that must arrive and failed, and webhooks."""

from history.declarations import EventType, Payload
from history.models import Event
from history.states import NewsGroup
from notices.models import WebhookEndpoint
from people import queries as people


class EscalationMailFailed(Payload, verb="notices.escalation_mail_failed"):
    """A mail about an escalation failed for good. mail: its id. The event's subject is the recipient."""

    mail: str


class WebhookFailing(Payload, verb="notices.webhook_failing"):
    """A delivery was given up, or the other side says that it is gone. error: the last one."""

    error: str


class SendingHeld(Payload, verb="notices.sending_held"):
    """All sending is held. backup: the moment of the backup that was restored, "" if none was."""

    backup: str


class SendingStarted(Payload, verb="notices.sending_started"):
    """A person started sending again. mails, webhooks: how many older ones were dropped."""

    mails: int
    webhooks: int


def owner_of_webhook(event: Event) -> dict[int, str]:
    rows = WebhookEndpoint.objects.filter(subject=event.subject_id)
    return dict.fromkeys(rows.values_list("owner", flat=True), "You own this webhook")


def administrators(event: Event) -> dict[int, str]:
    """Return all administrators, because somebody must reach the person in another way."""
    keys = people.administrators().values_list("pk", flat=True)
    return dict.fromkeys(keys, "A mail about an escalation could not be delivered")


EVENTS = (
    EventType(
        EscalationMailFailed,
        (administrators,),
        is_urgent=True,
        is_public=False,
        group=NewsGroup.ESCALATIONS,
        cannot_be_silenced=True,
    ),
    EventType(SendingHeld, is_chained=True, is_public=False),
    EventType(SendingStarted, is_chained=True, is_public=False),
    EventType("notices.webhook_added", is_chained=True, is_public=False),
    EventType("notices.webhook_changed", is_chained=True, is_public=False),
    EventType("notices.webhook_secret_renewed", is_chained=True, is_public=False),
    EventType(WebhookFailing, (owner_of_webhook,), group=NewsGroup.RIGHTS, is_public=False),
)
