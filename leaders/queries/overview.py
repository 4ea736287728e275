"""The executive page: the figures of a day with their trend, for one reader, from snapshots (ADR 0053)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from catalogue.states import Tier
from kit.sight import Visitor
from leaders import tallies
from leaders.models import NightlyFigures, NightlySnapshot
from leaders.states import Gap
from leaders.tallies import POINTS
from people.models import Function, Team
from risklog.models import Category, Risk
from risklog.models.matrix import present_matrix

WEEKS = 13
WAS = 4  # weeks: figures are compared with those before
STALE = timedelta(days=31)
SHOWN = 5
ROWS = 7  # of the categories and of the teams; the others are one row, so that the page fits on A4
NO_TIER = "0"


@dataclass(frozen=True, slots=True)
class Exposure:
    """The live risks of a tier, category or team. levels: numbers of level 1 to 5. points: sum of scores.

    trend: the points of each week, the oldest first; None without a snapshot. key: of its page, "" without.
    """

    key: str
    name: str
    levels: tuple[int, ...]
    points: int
    trend: tuple[int | None, ...]

    @property
    def number(self) -> int:
        return sum(self.levels)

    @property
    def highest_first(self) -> tuple[int, ...]:
        return self.levels[::-1]

    @property
    def was(self) -> int | None:
        """Return the points four weeks before, None without a snapshot."""
        return self.trend[-1 - WAS]

    @property
    def change(self) -> int | None:
        return None if self.was is None else self.points - self.was


@dataclass(frozen=True, slots=True)
class CountBefore:
    """A number, and what it was four weeks before; None without a snapshot."""

    name: str
    now: int
    was: int | None

    @property
    def change(self) -> int | None:
        return None if self.was is None else self.now - self.was


@dataclass(frozen=True, slots=True)
class HighRisk:
    """One of the highest risks. was: its level 30 days before, None if it was opened since."""

    reference: str
    title: str
    score: int
    level: int
    was: int | None

    @property
    def level_name(self) -> str:
        return present_matrix().levels[self.level]

    @property
    def was_name(self) -> str:
        return present_matrix().levels[self.was] if self.was else ""


@dataclass(frozen=True, slots=True)
class Duration:
    """A median in hours, of so many; None of nothing. was: four weeks before."""

    name: str
    number: int
    hours: float | None
    was: float | None

    @property
    def text(self) -> str:
        return _time_text(self.hours)

    @property
    def was_text(self) -> str:
        return _time_text(self.was)


@dataclass(frozen=True, slots=True)
class PartOfWhole:
    """A part of a whole."""

    part: int
    whole: int

    @property
    def percent(self) -> int | None:
        return tallies.percent(self.part, self.whole)


@dataclass(frozen=True, slots=True)
class Facilitation:
    """How many meetings of 90 days the people of a function led. share, was: in per cent, now and before."""

    function: str
    number: int
    share: int
    was: int | None


@dataclass(frozen=True, slots=True)
class TimeSpent:
    """Hours of 30 days: allotted by sponsors, and taken. Those of reviews and actions are estimates."""

    allotted: int
    meetings: int
    reviews: int
    actions: int

    @property
    def taken(self) -> int:
        return self.meetings + self.reviews + self.actions


@dataclass(frozen=True, slots=True)
class Month:
    """The incidents of a month. seen_first: those that a breach had seen when they were noticed."""

    first: date
    incidents: int
    seen_first: int


@dataclass
class Overview:
    """What the executive page shows. weeks: the figures of each week, the oldest first; {} without any.

    team_weeks: team -> its levels of each week, on the page of the organisation.
    """

    reader: Visitor
    snapshot: NightlySnapshot
    team: Team | None
    weeks: Sequence[Mapping[str, Any]]
    team_weeks: Mapping[int, Sequence[list[int] | None]] = field(default_factory=dict)

    @property
    def now(self) -> Mapping[str, Any]:
        return self.weeks[-1]

    @property
    def before(self) -> Mapping[str, Any]:
        return self.weeks[-1 - WAS]

    @property
    def gaps(self) -> list[str]:
        """Return what history does not tell of this day."""
        return [str(Gap(gap).label) for gap in self.snapshot.gaps]

    @cached_property
    def whole(self) -> Exposure:
        trend = [week.get("levels", [0] * 6) if week else None for week in self.weeks]
        return _exposure("", "All", trend)

    @property
    def level_names(self) -> list[tuple[int, str]]:
        """Return (level, name) of the five levels, the highest first."""
        return sorted(present_matrix().levels.items(), reverse=True)

    @property
    def tiers(self) -> list[Exposure]:
        names = {str(tier.value): str(tier.label) for tier in Tier} | {NO_TIER: "No tier"}
        found = [self._keyed("tiers", key, name) for key, name in names.items()]
        return [row for row in found if row.number or row.was]

    @property
    def categories(self) -> list[Exposure]:
        """Return the categories with risks, the highest exposure first. One query."""
        keys = {key for week in (self.now, self.before) for key in week.get("categories", {})}
        named = Category.objects.filter(pk__in=[int(key) for key in keys]).values_list("pk", "slug", "name")
        found = [self._keyed("categories", str(pk), name, slug) for pk, slug, name in named]
        return _shortened(found)

    @property
    def teams(self) -> list[Exposure]:
        """Return the teams with risks, the highest exposure first. One query."""
        rows = Team.objects.visible_to(self.reader).filter(pk__in=self.team_weeks)
        named = rows.values_list("pk", "slug", "name")
        found = [_exposure(slug, name, self.team_weeks[pk]) for pk, slug, name in named]
        return _shortened(found)

    def _keyed(self, name: str, key: str, label: str, slug: str = "") -> Exposure:
        trend = [week.get(name, {}).get(key, [0] * 6) if week else None for week in self.weeks]
        return _exposure(slug, label, trend)

    @property
    def counts(self) -> list[CountBefore]:
        names = {
            "late_actions": "Overdue actions",
            "late_reviews": "Overdue reviews",
            "escalations": "Escalated",
            "accepted": "Accepted risks",
        }
        return [CountBefore(label, self.now.get(name, 0), self._was(name)) for name, label in names.items()]

    def _was(self, name: str) -> int | None:
        return self.before.get(name, 0) if self.before else None

    @property
    def moved(self) -> tuple[int, int]:
        """Return how many risks were opened and closed in the last 30 days."""
        return self.now.get("opened", 0), self.now.get("closed", 0)

    @cached_property
    def top(self) -> list[HighRisk]:
        """Return the highest risks of the day that the reader may see now. One query."""
        entries = self.now.get("top", [])
        rows = Risk.objects.visible_to(self.reader).filter(pk__in=[entry[0] for entry in entries])
        texts = rows.values_list("pk", "subject__reference", "title")
        named = {pk: (reference or "", title) for pk, reference, title in texts}
        found = [HighRisk(*named[entry[0]], *entry[1:]) for entry in entries if entry[0] in named]
        return found[:SHOWN]

    @property
    def durations(self) -> list[Duration]:
        """Return how long things take, of what everyone may see."""
        names = {
            "review": "From breach to review",
            "decision": "From review to decision",
            "done": "From decision to done",
            "notice": "From an incident to noticing it",
            "mitigate": "From noticing to mitigation",
            "answer": "Until a sponsor answers",
        }
        return [
            Duration(label, *tallies.median(self.now, name), tallies.median(self.before, name)[1])
            for name, label in names.items()
        ]

    @property
    def held(self) -> PartOfWhole:
        return PartOfWhole(self.now.get("held", 0), self.now.get("planned", 0))

    @property
    def attendance(self) -> PartOfWhole:
        return PartOfWhole(self.now.get("present", 0), self.now.get("expected", 0))

    @property
    def follow_through(self) -> PartOfWhole:
        return PartOfWhole(self.now.get("done_in_time", 0), self.now.get("done", 0))

    @property
    def decisions(self) -> int:
        return self.now.get("decisions", 0)

    @property
    def sponsors_present(self) -> PartOfWhole:
        """Return how many of the meetings with a sponsor had the sponsor present."""
        return PartOfWhole(self.now.get("sponsor_present", 0), self.now.get("sponsored", 0))

    @property
    def hours(self) -> TimeSpent:
        meetings = self.now.get("meeting_minutes", 0) / 60
        reviews, actions = tallies.hours_of_reviews(self.now), tallies.hours_of_actions(self.now)
        return TimeSpent(self.now.get("allotted", 0), round(meetings), round(reviews), round(actions))

    @property
    def facilitation(self) -> list[Facilitation]:
        """Return the functions that facilitated, the most first. One query."""
        now, then = self.now.get("facilitated", {}), self.weeks[0].get("facilitated", {})
        names = dict(Function.objects.filter(pk__in={*now, *then}).values_list("pk", "name"))
        whole, before = sum(now.values()), sum(then.values())
        found = [
            Facilitation(
                name,
                now.get(str(pk), 0),
                tallies.percent(now.get(str(pk), 0), whole) or 0,
                tallies.percent(then.get(str(pk), 0), before),
            )
            for pk, name in names.items()
        ]
        return sorted(found, key=lambda one: (-one.number, one.function))

    @property
    def incidents(self) -> list[Month]:
        """Return the last six months, the oldest first."""
        counted, seen = self.now.get("incidents", {}), self.now.get("seen_first", {})
        return [
            Month(first, counted.get(key := f"{first:%Y-%m}", 0), seen.get(key, 0))
            for first in tallies.months_before(self.snapshot.on)
        ]

    @property
    def seen_first(self) -> PartOfWhole:
        """Return how many incidents of the six months a breach saw first."""
        months = self.incidents
        return PartOfWhole(sum(one.seen_first for one in months), sum(one.incidents for one in months))


def _time_text(hours: float | None) -> str:
    """Return such as 20 h or 3.5 d, "" without a time."""
    if hours is None:
        return ""
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.1f} d".replace(".0 ", " ")


def _highest_first(row: Exposure) -> tuple[int, str]:
    return -row.points, row.name


def _shortened(rows: Sequence[Exposure]) -> list[Exposure]:
    """Return the rows with the highest exposure, and the sum of the others as one row."""
    ordered = sorted((row for row in rows if row.number or row.was), key=_highest_first)
    if len(ordered) <= ROWS:
        return ordered
    rest = ordered[ROWS - 1 :]
    levels = tuple(sum(numbers) for numbers in zip(*(row.levels for row in rest), strict=True))
    weeks = zip(*(row.trend for row in rest), strict=True)
    trend = tuple(None if None in week else sum(filter(None, week)) for week in weeks)
    points = sum(row.points for row in rest)
    return [*ordered[: ROWS - 1], Exposure("", f"{len(rest)} others", levels, points, trend)]


def _exposure(key: str, name: str, weeks: Sequence[list[int] | None]) -> Exposure:
    levels = weeks[-1] or [0] * 6
    trend = tuple(None if week is None else week[POINTS] for week in weeks)
    return Exposure(key, name, tuple(levels[:POINTS]), levels[POINTS], trend)


def read(reader: Visitor, on: date, team: Team | None = None) -> Overview | None:
    """Return the figures of the latest snapshot up to this day; None if there is none of the month before.

    Three queries; further ones where a property says so.
    """
    earliest = on - STALE - timedelta(weeks=WEEKS + 1)
    known = list(NightlySnapshot.objects.filter(on__range=(earliest, on)).order_by("on"))
    if not known or known[-1].on < on - STALE:
        return None
    snapshot = known[-1]
    chosen = [_latest(known, snapshot.on - timedelta(weeks=week)) for week in range(WEEKS, -1, -1)]
    ids = {one.pk for one in chosen if one}
    visible = NightlyFigures.objects.visible_to(reader).filter(snapshot__in=ids)
    grouped: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for pk, figures in visible.filter(team=team).values_list("snapshot_id", "figures"):
        grouped[pk].append(figures)
    weeks = [tallies.added_up(grouped[one.pk]) if one else {} for one in chosen]
    of_teams = {} if team else _of_teams(visible, [one.pk if one else 0 for one in chosen])
    return Overview(reader, snapshot, team, weeks, of_teams)


def _latest(known: Sequence[NightlySnapshot], day: date) -> NightlySnapshot | None:
    """Return the latest snapshot of the week that ends with a day."""
    return next((one for one in reversed(known) if day - timedelta(days=7) < one.on <= day), None)


def _of_teams(visible: Any, ids: Sequence[int]) -> dict[int, list[list[int] | None]]:
    """Return team -> the sum of its levels in each snapshot of these ids; 0 stands for a missing one."""
    found: dict[int, list[list[int] | None]] = {}
    places = {pk: place for place, pk in enumerate(ids)}
    rows = visible.filter(team__isnull=False, figures__has_key="levels")
    for pk, team, levels in rows.values_list("snapshot_id", "team_id", "figures__levels"):
        weeks = found.setdefault(team, [[0] * 6 if one else None for one in ids])
        present = weeks[places[pk]] or [0] * 6
        weeks[places[pk]] = [a + b for a, b in zip(present, levels, strict=True)]
    return found
