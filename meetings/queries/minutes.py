"""The minutes of a meeting as one reader may see them: for the page, the mail and the API."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from actions.models import Action
from actions.states import UNFINISHED as UNFINISHED_ACTIONS
from history.models import RecordedQuerySet, Subject
from meetings.models import Attendance, Decision, Meeting, MinutesCorrection
from meetings.queries import agenda as agendas
from meetings.queries import decision as decisions
from meetings.queries.live import actions_of, attended, risks_of
from meetings.states import ItemState, MeetingState
from people.models import User
from risklog.models import Risk
from risklog.models.matrix import present_matrix

MAX_FOLLOW_UPS = 100


@dataclass(frozen=True, slots=True)
class DecisionInMinutes:
    """A decision with its actions, as far as the reader may see them."""

    decision: Decision
    actions: Sequence[Action]


@dataclass(frozen=True, slots=True)
class ActionInMinutes:
    """An action that was agreed without a decision. subject: what it is about, None if it may not be seen."""

    action: Action
    subject: Subject | None


@dataclass(frozen=True, slots=True)
class RiskInMinutes:
    """A risk that was recorded in the meeting. level: 1 to 5, with its name in the organisation."""

    risk: Risk
    level: int
    level_name: str


@dataclass(frozen=True, slots=True)
class Minutes:
    """The minutes for one reader.

    held_from, held_until: when it was held; None before the start and before the end. lines: the items, a
    restricted one without its contents. carried: those of them that another meeting discusses. parked: the
    items of the backlog, which were parked or did not fit. settled: before the meeting.
    """

    meeting: Meeting
    held_from: datetime | None
    held_until: datetime | None
    attended: Sequence[Attendance]
    lines: Sequence[agendas.Line]
    parked: Sequence[agendas.Line]
    settled: Sequence[agendas.Line]
    decided: Sequence[DecisionInMinutes]
    agreed: Sequence[ActionInMinutes]
    raised: Sequence[RiskInMinutes]
    corrections: Sequence[MinutesCorrection]

    @property
    def carried(self) -> list[agendas.Line]:
        return [line for line in self.lines if line.item.state == ItemState.CARRIED]

    @property
    def discussed(self) -> list[agendas.Line]:
        return [line for line in self.lines if line.item.state != ItemState.CARRIED]

    @property
    def minutes_held(self) -> int | None:
        """The time from the start to the end in minutes, None for a meeting that is not closed."""
        if self.held_from is None or self.held_until is None:
            return None
        return round((self.held_until - self.held_from).total_seconds() / 60)

    @property
    def names(self) -> set[int]:
        """The ids of the subjects that the minutes name."""
        shown = {line.subject.pk for line in (*self.lines, *self.parked, *self.settled) if line.subject}
        shown |= {one.decision.subject_id for one in self.decided}
        shown |= {
            effect.shown_target.pk
            for one in self.decided
            for effect in one.decision.shown_effects
            if effect.shown_target
        }
        shown |= {one.action.subject_id for one in self.agreed}
        shown |= {one.risk.subject_id for one in self.raised}
        return shown | {action.subject_id for one in self.decided for action in one.actions}


def minutes(meeting: Meeting, user: User) -> Minutes:
    """Return the minutes of a meeting for one reader. A constant number of queries."""
    of_origin: dict[int | None, list[Action]] = defaultdict(list)
    for action in actions_of(meeting, user).order_by("id"):
        of_origin[action.origin_id].append(action)
    taken = decisions.with_shown_about(user, list(decisions.of_meeting(meeting, user).order_by("id")))
    agreed, agenda = of_origin[meeting.subject_id], agendas.agenda(meeting, user)
    return Minutes(
        meeting=meeting,
        held_from=meeting.started_at,
        held_until=meeting.closed_at,
        attended=list(attended(meeting)),
        lines=agenda.lines,
        parked=agenda.backlog,
        settled=agenda.settled,
        decided=[DecisionInMinutes(decision, of_origin[decision.subject_id]) for decision in taken],
        agreed=[
            ActionInMinutes(one, one.about if one.about and one.about.is_visible_to(user) else None)
            for one in agreed
        ],
        raised=_raised(meeting, user),
        corrections=list(corrections_of(meeting)),
    )


def _raised(meeting: Meeting, user: User) -> list[RiskInMinutes]:
    """Return the visible risks that were recorded in the meeting, the earliest first."""
    matrix, found = present_matrix(), []
    for risk in risks_of(meeting, user).order_by("id"):
        level = matrix.level(*risk.cell)
        found.append(RiskInMinutes(risk, level, matrix.levels[level]))
    return found


def corrections_of(meeting: Meeting) -> QuerySet[MinutesCorrection]:
    """Return the corrections of the minutes, the earliest first."""
    return (
        MinutesCorrection.objects.filter(meeting=meeting).select_related("made_by").order_by("made_at", "id")
    )


# ------------------------------------------------------------------ the handover


@dataclass(frozen=True, slots=True)
class OpenFollowUps:
    """The open follow-ups of a closed meeting for one reader, and who has to take them.

    to: the facilitator of the next meeting, None without one. taken_at: None while nobody took them.
    """

    follow_ups: Sequence[Action]
    to: User | None
    taken_at: datetime | None
    next_meeting: Meeting | None


def follow_ups(meeting: Meeting) -> RecordedQuerySet[Action]:
    """Return the unfinished actions of this meeting and of those before it in its series, by due date."""
    held = Meeting.objects.filter(series=meeting.series_id, starts_at__lte=meeting.starts_at)
    taken = Decision.objects.filter(meeting__in=held.values("pk")).values("subject_id")
    origins = Q(origin_id__in=taken) | Q(origin_id__in=held.values("subject_id"))
    rows: Any = Action.objects.filter(origins, state__in=UNFINISHED_ACTIONS)
    return rows.select_related("subject", "owner").order_by("due_on", "id")


def next_of(meeting: Meeting) -> Meeting | None:
    """Return the next planned meeting of the series."""
    rows = Meeting.objects.filter(
        series=meeting.series_id, state=MeetingState.PLANNED, starts_at__gt=meeting.starts_at
    )
    return rows.select_related("subject", "facilitator", "series").order_by("starts_at", "id").first()


def handover(meeting: Meeting, user: User) -> OpenFollowUps | None:
    """Return the handover of a closed meeting, None for another one."""
    if meeting.state != MeetingState.CLOSED:
        return None
    open_ones = list(follow_ups(meeting).visible_to(user)[:MAX_FOLLOW_UPS])
    return OpenFollowUps(open_ones, meeting.handed_to, meeting.handover_taken_at, next_of(meeting))
