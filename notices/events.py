"""The events of this room: the failure of a mail that must arrive."""

from history.declarations import EventType, Payload
from history.models import Event
from history.states import NewsGroup
from people import queries as people


class EscalationMailFailed(Payload, verb="notices.escalation_mail_failed"):
    """A mail about an escalation failed for good. mail: its id. The event's subject is the recipient."""

    mail: str


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
)
