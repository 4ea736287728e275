"""Which meeting looks at a subject. Pure: the series with their planned meetings in, a place and why out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PlannedMeeting:
    """A meeting to come, with the signal kinds of its focus."""

    id: int
    starts_at: datetime
    focus: str
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class CandidateSeries:
    """A series: its teams, how many people take part, the kinds its cycle lists, its meetings by start."""

    id: int
    teams: frozenset[int]
    size: int
    kinds: frozenset[str]
    meetings: tuple[PlannedMeeting, ...]


@dataclass(frozen=True, slots=True)
class ChosenMeeting:
    meeting: PlannedMeeting
    series: int
    why: str


@dataclass(frozen=True, slots=True)
class NoMeeting:
    """Nothing fits; `why` says what to mend, `code` where: no_team, no_series, no_focus, not_planned."""

    why: str
    code: str


def route(
    series: Sequence[CandidateSeries],
    *,
    team: int | None,
    kind: str | None,
    pressing: str = "",
    due_at: datetime | None = None,
) -> ChosenMeeting | NoMeeting:
    """The narrowest series in which the team takes part and whose focus lists the kind; in it the next
    meeting of that focus, or the very next one when it presses or is due before that focus returns.

    pressing: why it cannot wait, in words ("critical", "escalated"); "" when it can. A pressing subject whose
    kind no focus lists goes to the team's narrowest series all the same.
    """
    if team is None:
        why = "It has no team, so no meeting can be chosen. Set the owner team of the model."
        return NoMeeting(why, "no_team")
    own = sorted((one for one in series if team in one.teams), key=narrowness)
    if not own:
        return NoMeeting("Its team has no meeting series. Add the team to one.", "no_series")
    listing = [one for one in own if kind in one.kinds]
    if not listing and not pressing:
        why = "No focus of its team's meeting series covers this signal kind. Add it to a focus."
        return NoMeeting(why, "no_focus")
    for one in listing or own:
        if found := within(one, kind=kind, pressing=pressing, due_at=due_at):
            return found
    why = "The meeting series of its team has no upcoming meeting. Check its schedule and end date."
    return NoMeeting(why, "not_planned")


def narrowness(one: CandidateSeries) -> tuple[int, int, int]:
    return (len(one.teams), one.size, one.id)


def within(
    one: CandidateSeries | None,
    *,
    kind: str | None,
    pressing: str = "",
    due_at: datetime | None = None,
    but_not: int | None = None,
) -> ChosenMeeting | None:
    """The meeting of one series that fits, passing over `but_not`. None when none is planned."""
    meetings = [meeting for meeting in one.meetings if meeting.id != but_not] if one else []
    if one is None or not meetings:
        return None
    soonest = meetings[0]
    if pressing:
        return ChosenMeeting(soonest, one.id, f"{pressing}, so it goes to the next meeting")
    fitting = next((meeting for meeting in meetings if kind in meeting.kinds), None)
    if fitting is None:
        return ChosenMeeting(soonest, one.id, "its focus is not planned yet, so it goes to the next meeting")
    if fitting.id != soonest.id and due_at is not None and due_at < fitting.starts_at:
        return ChosenMeeting(soonest, one.id, "due before its focus is next, so it goes to the next meeting")
    return ChosenMeeting(fitting, one.id, f"next meeting on {fitting.focus}")
