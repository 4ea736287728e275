"""Reading who escalated something anonymously. Only operations, recipients and the two administrators do."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import F, Q

from history.models import Event, RecordedQuerySet
from people.models import User
from people.states import Role
from risklog.models import Escalation, Reveal
from risklog.states import RevealState

_RAISED = ("risklog.escalation_started", "risklog.escalation_annotated")
# What gives a person the rights of an administrator, or gives somebody else a way to sign in as them.
_TAKEN_OVER_BY = (
    "people.person_added",
    "people.person_role_changed",
    "people.person_reactivated",
    "people.password_link_made",
    "people.password_reset",
    "people.provider_linked",
    "people.factor_removed",
)
INDEPENDENT_FOR = timedelta(days=30)


def is_unnamed(escalation: Escalation) -> bool:
    """Return whether somebody escalated it anonymously. One query."""
    return _unnamed_events(escalation.subject_id).exists()


def raisers(subject_id: int, *, before: int) -> list[User]:
    """Return the people who escalated a subject anonymously, in order of their ids.

    before: the id of an event. Who escalated it after that event stays anonymous.
    """
    actors = _unnamed_events(subject_id).filter(pk__lt=before).values("actor")
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
    """Return who had escalated it when this reader's request was confirmed; [] for others.

    The reader is one of the two administrators of a confirmed request. Who escalated it later stays
    anonymous.
    """
    reveal = _confirmed_for(reader, found)
    if reveal is None:
        return []
    subject_id = reveal.escalation.subject_id
    return raisers(subject_id, before=_confirming_event(reveal, subject_id).pk)


def has_more(reader: User, found: Sequence[Reveal]) -> bool:
    """Return whether somebody escalated it anonymously whom no confirmed request names to this reader."""
    reveal = _confirmed_for(reader, found)
    if reveal is None:
        return True
    subject_id = reveal.escalation.subject_id
    return _unnamed_events(subject_id).filter(pk__gt=_confirming_event(reveal, subject_id).pk).exists()


def _confirmed_for(reader: User, found: Sequence[Reveal]) -> Reveal | None:
    """Return the newest confirmed request of which this reader is one of the two administrators."""
    if not reader.is_at_least(Role.ADMINISTRATOR):
        return None
    confirmed = (reveal for reveal in found if reveal.state == RevealState.CONFIRMED)
    return next((one for one in confirmed if reader.pk in (one.asked_by_id, one.decided_by_id)), None)


def _confirming_event(reveal: Reveal, subject_id: int) -> Event:
    events = Event.objects.filter(subject=subject_id, verb="risklog.escalation_revealed")
    return events.filter(at=reveal.decided_at).latest("id")


def confirmers(asker: User | None, asked_at: datetime) -> RecordedQuerySet[User]:
    """Return the administrators who may confirm a request: one administrator alone cannot become two.

    They have been administrators since before the request. In the 30 days before it and since then nobody
    else added them, changed their role, reactivated them or gave them a sign-in link.
    """
    taken_over = Event.objects.filter(verb__in=_TAKEN_OVER_BY)
    by_others = Q(actor__isnull=False, at__gte=asked_at - INDEPENDENT_FOR) & ~Q(actor=F("subject"))
    not_independent = taken_over.filter(Q(at__gt=asked_at) | by_others).values("subject")
    rows = User.objects.active().filter(role=Role.ADMINISTRATOR).exclude(subject__in=not_independent)
    return rows.exclude(pk=asker.pk) if asker else rows


def may_confirm(reader: User, asked: Reveal) -> bool:
    """Return whether this administrator may confirm the request."""
    return confirmers(asked.asked_by, asked.asked_at).filter(pk=reader.pk).exists()
