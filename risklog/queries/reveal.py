"""Reading who escalated something anonymously. Only operations, recipients and the two administrators do."""

from collections.abc import Sequence

from history.models import Event, RecordedQuerySet
from people.models import User
from people.states import Role
from risklog.models import Escalation, Reveal
from risklog.states import RevealState

_RAISED = ("risklog.escalation_started", "risklog.escalation_annotated")


def is_unnamed(escalation: Escalation) -> bool:
    """Return whether somebody escalated it anonymously. One query."""
    return _unnamed_events(escalation.subject_id).exists()


def raisers(subject_id: int) -> list[User]:
    """Return the people who escalated a subject anonymously, in order of their ids."""
    actors = _unnamed_events(subject_id).values("actor")
    return list(User.objects.filter(subject__in=actors).order_by("id"))


def _unnamed_events(subject_id: int) -> RecordedQuerySet[Event]:
    return Event.objects.filter(
        subject=subject_id, verb__in=_RAISED, is_actor_hidden=True, actor__isnull=False
    )


def of_escalation(escalation: Escalation) -> list[Reveal]:
    """Return the requests about an escalation, newest first, with their people."""
    rows = Reveal.objects.filter(escalation=escalation)
    rows = rows.select_related("asked_by", "decided_by", "escalation")
    return list(rows.order_by("-id"))


def names_for(reader: User, found: Sequence[Reveal]) -> list[User]:
    """Return who escalated it, for one of the two administrators of a confirmed request; [] for others."""
    for reveal in found:
        is_one_of_two = reader.pk in (reveal.asked_by_id, reveal.decided_by_id)
        if reveal.state == RevealState.CONFIRMED and is_one_of_two and reader.is_at_least(Role.ADMINISTRATOR):
            return raisers(reveal.escalation.subject_id)
    return []
