"""Test a rule on the stored points of a series: which breaches it would have opened, and what people said.

The rule is followed over the points as they are now, as if it had been in force from the start of the period
on. So corrected values and points that came late count, and mutes do not.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection

from people.models import User
from signals.measures import measures, points_before, reach, silence
from signals.models import Breach, Series
from signals.queries.chart import BUCKETS
from signals.queries.points import window
from signals.queries.verdicts import BreachVerdict, ReviewVerdict, verdicts
from signals.states import BreachLevel, RuleKind
from signals.thresholds import CrossingSpan, Rule, follow

DAYS = 90
MOST_DAYS = 366
# A period with more points is cut to the newest ones, so that a page does not wait for minutes.
MOST_POINTS = 300_000
MOST_POINTS_OF_HISTORY = 150_000  # of a rule that compares each point with those before it
MAX_BREACHES = 1_000

Line = list[tuple[datetime, float]]

_POINTS = """
SELECT ts, value FROM (
  SELECT ts, value FROM signals_seriesvalue
  WHERE series_id = %(series)s AND ts >= %(start)s AND last_ts >= %(start)s
    AND ts < %(end)s AND first_ts < %(end)s ORDER BY ts DESC LIMIT %(most)s
) p ORDER BY ts
"""


@dataclass(frozen=True, slots=True)
class TestedCrossing:
    """A breach that the rule would have opened. reference: of a breach at that time. verdict: on that one."""

    __test__ = False  # for pytest: no test

    span: CrossingSpan
    reference: str = ""
    verdict: ReviewVerdict | None = None

    @property
    def is_critical(self) -> bool:
        return self.span.level == BreachLevel.CRITICAL


@dataclass(frozen=True, slots=True)
class Side:
    """The result of one rule. crossings: newest first. missed: references of real breaches it misses."""

    rule: Rule
    crossings: Sequence[TestedCrossing]
    missed: Sequence[str] = ()

    @property
    def count(self) -> int:
        return len(self.crossings)

    @property
    def figures(self) -> list[tuple[str, int]]:
        """Return the numbers for a table, with their names."""
        called = self.called
        return [
            ("Breaches", self.count),
            ("Critical", self.critical),
            ("Called real by reviewers", called[BreachVerdict.REAL]),
            ("Called a false alarm, or the threshold wrong", called[BreachVerdict.NOISE]),
            ("Reviewed without a clear result", called[BreachVerdict.UNCLEAR]),
            ("Not reviewed", called["unjudged"]),
            ("Real ones that it misses", len(self.missed)),
        ]

    @property
    def critical(self) -> int:
        return sum(crossing.is_critical for crossing in self.crossings)

    @property
    def called(self) -> Counter[str]:
        """Return how many crossings people called real, noise or unclear, and how many nobody judged."""
        return Counter(
            str(crossing.verdict.called) if crossing.verdict else "unjudged" for crossing in self.crossings
        )


@dataclass(frozen=True, slots=True)
class BackTest:
    """A proposed rule beside the current one. present: None if none is in force.

    points: their number. is_cut: the period had more points, so it begins later than asked. line: the points
    for a chart.
    """

    series: Series
    start: datetime
    end: datetime
    points: int
    is_cut: bool
    line: Line
    proposed: Side
    present: Side | None

    @property
    def figures(self) -> list[tuple[str, int, int | None]]:
        """Return the numbers for a table: (name, of the proposed rule, of the current one)."""
        present = [number for _, number in self.present.figures] if self.present else []
        return [
            (name, number, present[place] if present else None)
            for place, (name, number) in enumerate(self.proposed.figures)
        ]


@dataclass(frozen=True, slots=True)
class _PastBreach:
    reference: str
    opened_at: datetime
    cleared_at: datetime | None
    verdict: ReviewVerdict | None


@dataclass(slots=True)
class _History:
    """The points of a period, and those before it that measures need."""

    points: Line
    before: Line = field(default_factory=list)
    is_cut: bool = False


def backtest(
    user: User, series: Series, proposed: Rule, present: Rule | None, *, days: int = DAYS, at: datetime
) -> BackTest:
    """Return the result of both rules over the last days. At most seven queries.

    The caller has checked that the user may see the series.
    """
    start = at - timedelta(days=days)
    rules = [proposed, *([present] if present else [])]
    history = _history(series, rules, start, at)
    if history.is_cut:
        start = history.points[0][0]
    past = _past_breaches(user, series, start, at)
    sides = [_side(rule, _crossings(rule, history, at), past) for rule in rules]
    return BackTest(
        series=series,
        start=start,
        end=at,
        points=len(history.points),
        is_cut=history.is_cut,
        line=window([series.pk], start, at, buckets=BUCKETS)[series.pk],
        proposed=sides[0],
        present=sides[1] if present else None,
    )


def _history(series: Series, rules: Sequence[Rule], start: datetime, at: datetime) -> _History:
    needs_history = any(rule.needs_history and rule.kind != RuleKind.SILENCE for rule in rules)
    most = MOST_POINTS_OF_HISTORY if needs_history else MOST_POINTS
    points = _read(series.pk, start, at, most + 1)
    history = _History(points[-most:], is_cut=len(points) > most)
    first = history.points[0][0] if history.points else start
    reaches = [reach(rule) for rule in rules]
    known = [back for back in reaches if back is not None]
    back = max(known) if len(known) == len(reaches) else timedelta(days=MOST_DAYS)
    count = max(points_before(rule) for rule in rules)
    if count:
        history.before = _read(series.pk, first - back, first, count)
    return history


def _read(series_id: int, start: datetime, end: datetime, most: int) -> Line:
    """Return the newest points in [start, end), oldest first. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_POINTS, {"series": series_id, "start": start, "end": end, "most": most})
        return cursor.fetchall()


def _crossings(rule: Rule, history: _History, at: datetime) -> list[CrossingSpan]:
    measured = measures(rule, history.points, history.before)
    if rule.kind == RuleKind.SILENCE and history.points:
        measured += silence(rule, history.points[-1][0], at)
    return follow(rule, None, measured)


def _past_breaches(user: User, series: Series, start: datetime, end: datetime) -> list[_PastBreach]:
    """Return the breaches of the series in the period that the user may see, with their verdicts."""
    rows = Breach.objects.filter(series=series, opened_at__lt=end).exclude(cleared_at__lt=start)
    rows = rows.visible_to(user).select_related("group__subject").order_by("-opened_at", "-id")
    breaches = list(rows[:MAX_BREACHES])
    found = verdicts(user, {breach.group.subject_id for breach in breaches})
    return [
        _PastBreach(
            breach.group.reference,
            breach.opened_at,
            breach.cleared_at,
            found.get(breach.group.subject_id),
        )
        for breach in breaches
    ]


def _side(rule: Rule, spans: Sequence[CrossingSpan], past: Sequence[_PastBreach]) -> Side:
    """Return what a rule would have opened. spans: oldest first. past: the real breaches."""
    at_the_time = _overlapping(spans, past)
    crossings = [
        _tested(span, breaches) for span, breaches in zip(reversed(spans), reversed(at_the_time), strict=True)
    ]
    met = {id(one) for breaches in at_the_time for one in breaches}
    missed = [
        one.reference
        for one in past
        if one.verdict and one.verdict.called == BreachVerdict.REAL and id(one) not in met
    ]
    return Side(rule, crossings, list(dict.fromkeys(missed)))


def _overlapping(spans: Sequence[CrossingSpan], past: Sequence[_PastBreach]) -> list[list[_PastBreach]]:
    """Return for each span the real breaches at its time, the newest first. One pass over both.

    spans: oldest first, none before the end of the one before it.
    """
    waiting = sorted(past, key=lambda one: one.opened_at, reverse=True)
    running: list[_PastBreach] = []
    found = []
    for span in spans:
        running = [one for one in running if one.cleared_at is None or one.cleared_at >= span.opened_at]
        while waiting and (span.cleared_at is None or waiting[-1].opened_at <= span.cleared_at):
            one = waiting.pop()
            if one.cleared_at is None or one.cleared_at >= span.opened_at:
                running.append(one)
        found.append(running[::-1])
    return found


def _tested(span: CrossingSpan, past: Sequence[_PastBreach]) -> TestedCrossing:
    """Return the crossing with the verdict on a breach at its time: real goes before noise."""
    order = [BreachVerdict.REAL, BreachVerdict.NOISE, BreachVerdict.UNCLEAR]
    judged = sorted(
        [(order.index(one.verdict.called), place) for place, one in enumerate(past) if one.verdict]
    )
    best = past[judged[0][1]] if judged else next(iter(past), None)
    return TestedCrossing(span, best.reference if best else "", best.verdict if best else None)
