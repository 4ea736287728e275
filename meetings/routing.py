"""Choose the meeting for a subject, and say why. Pure: it reads series with their planned meetings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class PlannedMeeting:
    """A planned meeting with the name and the signal kinds of its focus."""

    id: int
    starts_at: datetime
    focus: str
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class CandidateSeries:
    """A series: ids of its teams, number of participants, signal kinds of its cycle, meetings by start."""

    id: int
    teams: frozenset[int]
    size: int
    kinds: frozenset[str]
    meetings: tuple[PlannedMeeting, ...]


@dataclass(frozen=True, slots=True)
class ChosenMeeting:
    """The meeting for a subject, the id of its series, and the reason as its agenda item shows it.

    is_late: the meeting is after the due date of the subject, and no earlier one fits.
    """

    meeting: PlannedMeeting
    series: int
    why: str
    is_late: bool = False


# Why a subject is on a meeting of another focus.
NOT_PLANNED = "its focus is not planned yet, so it goes to the next meeting"
DUE_BEFORE = "due before its focus is next, so it goes to the next meeting"


@dataclass(frozen=True, slots=True)
class NoMeeting:
    """No meeting fits. why: the fix, as pages show it. code: no_team, no_series, no_focus or not_planned."""

    why: str
    code: str


def route(
    series: Sequence[CandidateSeries],
    *,
    team: int | None,
    kind: str | None,
    urgent_reason: str = "",
    due_at: datetime | None = None,
) -> ChosenMeeting | NoMeeting:
    """Return the meeting for a subject, or the reason why no meeting fits.

    Take the narrowest series in which the team takes part and of which a focus lists the kind. In it, take
    the next meeting of that focus; take the very next meeting if the subject is urgent or due before that.
    If that is after its due date, take the next narrowest series that meets in time; without one, the first
    choice, which says that it is late.

    team: an id. kind: a SignalKind. urgent_reason: why the subject cannot wait, such as "critical"; "" if it
    can. An urgent subject whose kind no focus lists goes to the narrowest series of the team.
    """
    if team is None:
        why = "It has no team, so no meeting can be chosen. Set its team, or the owner team of its model."
        return NoMeeting(why, "no_team")
    own = sorted((candidate for candidate in series if team in candidate.teams), key=narrowness)
    if not own:
        return NoMeeting("Its team has no meeting series. Add the team to one.", "no_series")
    listing = [candidate for candidate in own if kind in candidate.kinds]
    if not listing and not urgent_reason:
        why = "No focus of its team's meeting series covers this signal kind. Add it to a focus."
        return NoMeeting(why, "no_focus")
    places = [
        within(candidate, kind=kind, urgent_reason=urgent_reason, due_at=due_at)
        for candidate in listing or own
    ]
    found = [place for place in places if place]
    if found:
        return next((place for place in found if not place.is_late), found[0])
    why = "The meeting series of its team has no upcoming meeting. Check its schedule and end date."
    return NoMeeting(why, "not_planned")


def narrowness(candidate: CandidateSeries) -> tuple[int, int, int]:
    """Return a sort key: series with few teams first, then with few people."""
    return (len(candidate.teams), candidate.size, candidate.id)


def within(
    candidate: CandidateSeries | None,
    *,
    kind: str | None,
    urgent_reason: str = "",
    due_at: datetime | None = None,
    excluded: int | None = None,
) -> ChosenMeeting | None:
    """Return the suitable meeting of one series; None if none is planned. excluded: an id to leave out."""
    meetings = [meeting for meeting in candidate.meetings if meeting.id != excluded] if candidate else []
    if candidate is None or not meetings:
        return None
    chosen, why = _choose(meetings, kind, urgent_reason, due_at)
    return ChosenMeeting(chosen, candidate.id, why, due_at is not None and due_at < chosen.starts_at)


def _choose(
    meetings: Sequence[PlannedMeeting], kind: str | None, urgent_reason: str, due_at: datetime | None
) -> tuple[PlannedMeeting, str]:
    """Return the meeting of one series, and why. meetings: by start, at least one."""
    soonest = meetings[0]
    if urgent_reason:
        return soonest, f"{urgent_reason}, so it goes to the next meeting"
    fitting = next((meeting for meeting in meetings if kind in meeting.kinds), None)
    if fitting is None:
        return soonest, NOT_PLANNED
    if fitting.id != soonest.id and due_at is not None and due_at < fitting.starts_at:
        return soonest, DUE_BEFORE
    return fitting, on_focus(fitting.focus)


def on_focus(focus: str) -> str:
    """Return why a subject is on the meeting of a focus, by its name."""
    return f"next meeting on {focus}"


def lateness(due_on: date) -> str:
    """Return what the item of a subject says on a meeting after its due date."""
    return f"after its due date, {due_on:%-d %b}: no earlier meeting fits"
