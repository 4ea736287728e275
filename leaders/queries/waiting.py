"""What waits for a leader, with its age: blocked actions, proposed acceptances of risks, escalations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from actions.models import Action
from actions.states import ActionState
from history.models import Event
from kit.rights import may
from kit.sight import Visitor
from meetings.models import Meeting, MeetingSeries
from meetings.states import TO_COME
from people.models import User
from risklog.models import Acceptance, Climb, Escalation
from risklog.queries import acceptance as acceptances
from risklog.states import UNRESOLVED, AcceptanceState

SHOWN = 8


@dataclass(slots=True)
class Raised:
    """A blocked action that waits for an answer of its sponsor, since `since`."""

    action: Action
    since: datetime
    may_answer: bool
    form: Any = None  # set by the view, if the reader may answer


@dataclass(slots=True)
class ToDecide:
    """A proposed acceptance of a risk on which the reader may decide."""

    acceptance: Acceptance
    form: Any = None  # set by the view


@dataclass(frozen=True, slots=True)
class Waiting:
    """raised, acceptances, escalations: the longest waiting first."""

    raised: list[Raised]
    acceptances: list[ToDecide]
    escalations: list[Escalation]

    def __bool__(self) -> bool:
        return bool(self.raised or self.acceptances or self.escalations)


def raised_to(user: User) -> Any:
    """Return the blocked actions raised to this person to which they have not answered, the oldest first.

    Whatever the person did on the action since then is an answer, such as a comment.
    """
    acts = Event.objects.filter(
        subject=OuterRef("subject"), actor=user.subject_id, at__gte=OuterRef("raised_at")
    )
    rows = Action.objects.visible_to(user).filter(raised_to=user, state=ActionState.BLOCKED)
    found = rows.filter(~Exists(acts)).select_related("subject", "owner__subject", "about")
    return found.order_by("raised_at", "id")


def raised(user: User) -> list[Raised]:
    """Return the blocked actions that wait for this person, the longest waiting first. One query."""
    return [
        Raised(action, action.raised_at, may(user, "leaders.answer", action))
        for action in raised_to(user)[:SHOWN]
    ]


def acceptances_for(user: Visitor) -> QuerySet[Acceptance]:
    """Return the proposed acceptances on which this reader may decide, the oldest first."""
    rows = acceptances.acceptances(user).filter(state=AcceptanceState.PROPOSED)
    if not may(user, "risklog.acceptance_decide"):
        return rows.none()
    found = rows.exclude(risk__owner=user.pk).exclude(proposed_by=user.pk)
    return found.order_by("proposed_at", "id")


def waiting_for(user: User) -> Waiting:
    """Return what waits for this person. At most three queries."""
    called = Climb.objects.filter(notified_ids__contains=[user.pk]).values("escalation_id")
    rows = Escalation.objects.visible_to(user).filter(
        Q(pk__in=called) | Q(acknowledged_by=user), state__in=UNRESOLVED
    )
    escalations = list(rows.select_related("subject").order_by("started_at", "id")[:SHOWN])
    to_decide = [ToDecide(one) for one in acceptances_for(user)[:SHOWN]]
    return Waiting(raised(user), to_decide, escalations)


def is_sponsor() -> Q:
    """Return the condition that something was raised to a person, or that they sponsor a series."""
    asked = Exists(Action.objects.filter(raised_to=OuterRef("pk")))
    sponsoring = Exists(MeetingSeries.objects.filter(sponsor=OuterRef("pk")))
    return Q(asked | sponsoring)


def sponsored(user: User, at: datetime) -> list[Any]:
    """Return the meeting series that this person sponsors, by name, each with `next_meeting`. Two queries."""
    rows = MeetingSeries.objects.visible_to(user).filter(sponsor=user, is_retired=False, is_draft=False)
    found: list[Any] = list(rows.select_related("subject").order_by("name__collated", "name", "id"))
    if not found:
        return []
    coming = Meeting.objects.filter(series__in=found, state__in=TO_COME, ends_at__gt=at)
    soonest: dict[int, Meeting] = {}
    for meeting in coming.select_related("subject", "facilitator").order_by("-starts_at", "-id"):
        soonest[meeting.series_id] = meeting
    for series in found:
        series.next_meeting = soonest.get(series.pk)
    return found
