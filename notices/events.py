"""The events of this room: what becomes of mails that must arrive."""

from history.declarations import EventType, Payload
from history.models import Event
from people import queries as people


class EscalationMailFailed(Payload, verb="notices.escalation_mail_failed"):
    """A mail about an escalation was given up. mail: its id. The subject is the person it was for."""

    mail: str


def administrators(event: Event) -> dict[int, str]:
    """All administrators: somebody must reach the person in another way."""
    keys = people.administrators().values_list("pk", flat=True)
    return dict.fromkeys(keys, "A mail about an escalation could not be delivered")


EVENTS = (EventType(EscalationMailFailed, (administrators,), is_urgent=True, is_public=False),)
