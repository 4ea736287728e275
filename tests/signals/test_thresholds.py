"""The comparison of points with thresholds: examples, and a simple model that takes one point at a time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.states import BreachLevel
from signals.thresholds import CrossingSpan, Rule, follow, problems

START = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at_hours(*values):
    return [(START + HOUR * n, value) for n, value in enumerate(values)]


def test_a_crossing_opens_once_and_keeps_its_worst():
    (span,) = follow(Rule(warning=1), None, at_hours(0.5, 1.5, 3, 2))

    assert (span.opened_at, span.level, span.first, span.worst) == (START + HOUR, BreachLevel.WARNING, 1.5, 3)
    assert span.is_open


def test_the_limit_itself_is_not_crossed():
    assert follow(Rule(warning=1), None, at_hours(1, 1)) == []
    assert follow(Rule("below", warning=1), None, at_hours(1, 1)) == []


def test_it_rises_to_critical_and_does_not_fall_back_before_it_clears():
    (span,) = follow(Rule(warning=1, critical=2), None, at_hours(1.5, 2.5, 1.5))

    assert span.level == BreachLevel.CRITICAL


def test_it_clears_only_beyond_the_clear_limit():
    rule = Rule(warning=1, clear=0.8)

    (held,) = follow(rule, None, at_hours(1.5, 0.9))
    (cleared,) = follow(rule, None, at_hours(1.5, 0.9, 0.8))

    assert held.is_open
    assert cleared.cleared_at == START + 2 * HOUR


def test_below_is_the_mirror():
    (span,) = follow(
        Rule("below", warning=0.8, critical=0.6, clear=0.9), None, at_hours(0.85, 0.7, 0.5, 0.85, 0.9)
    )

    assert (span.level, span.worst, span.cleared_at) == (BreachLevel.CRITICAL, 0.5, START + 4 * HOUR)


def test_it_comes_back_as_the_same_within_a_day_and_as_another_later():
    rule = Rule(warning=1)
    (same,) = follow(rule, None, at_hours(2, 0, 3))
    first, second = follow(rule, None, [*at_hours(2, 0), (START + timedelta(hours=26), 2)])

    assert (same.opened_at, same.worst, same.is_open) == (START, 3, True)
    assert (first.is_open, second.is_open) == (False, True)


def test_no_limit_is_none_and_never_zero():
    assert follow(Rule(critical=5), None, at_hours(1, -1)) == []
    assert Rule(warning=None, critical=None).level_of(1e9) == 0


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (Rule(), "warning"),
        (Rule("odd", warning=1), "direction"),
        (Rule(warning=float("nan")), "warning"),
        (Rule(warning=2, critical=1), "critical"),
        (Rule(warning=2, critical=2), "critical"),
        (Rule(warning=1, clear=1.5), "clear"),
        (Rule("below", warning=1, critical=2), "critical"),
        (Rule("below", critical=1, clear=0.5), "clear"),
    ],
)
def test_what_cannot_be_judged_by_is_named(rule, field):
    assert list(problems(rule)) == [field]


def test_sound_rules_have_no_problems():
    for rule in (Rule(warning=1), Rule(critical=1, clear=1), Rule("below", warning=1, critical=0, clear=2)):
        assert problems(rule) == {}


values = st.lists(st.integers(-3, 8).map(float), max_size=40)
gaps = st.sampled_from([1, 5, 25])


@st.composite
def cases(draw):
    sign, direction = draw(st.sampled_from([(1, "above"), (-1, "below")]))
    clear, warning, critical = sorted(draw(st.lists(st.integers(0, 6), min_size=3, max_size=3, unique=True)))
    limits = {"warning": warning, "critical": critical, "clear": clear}
    for name in draw(st.lists(st.sampled_from(list(limits)), max_size=2)):
        limits[name] = None
    if limits["warning"] is None and limits["critical"] is None:
        limits["warning"] = warning
    rule = Rule(direction, **{n: None if v is None else float(sign * v) for n, v in limits.items()})
    ts, points = START, []
    for value in draw(values):
        ts += HOUR * draw(gaps)
        points.append((ts, sign * value))
    return rule, points


def plain(rule, points):
    """The simple model: one point and one condition at a time."""
    sign = 1 if rule.direction == "above" else -1
    beyond = lambda value, limit: limit is not None and sign * value > sign * limit  # noqa: E731
    spans = []
    for ts, value in points:
        level = 2 if beyond(value, rule.critical) else 1 if beyond(value, rule.warning) else 0
        last = spans[-1] if spans else None
        if last and last["end"] is None:
            if not level and not beyond(value, rule.clear):
                last["end"] = ts
        elif level and last and ts - last["end"] <= timedelta(hours=24):
            last["end"] = None
        elif level:
            spans.append({"start": ts, "level": 0, "end": None, "first": value, "worst": value})
        if level:
            spans[-1]["level"] = max(spans[-1]["level"], level)
            spans[-1]["worst"] = max(spans[-1]["worst"], value, key=lambda v: sign * v)
    return [CrossingSpan(s["start"], s["level"], s["first"], s["worst"], s["end"]) for s in spans]


@given(cases())
def test_judging_agrees_with_the_plain_model(case):
    rule, points = case

    assert problems(rule) == {}
    assert follow(rule, None, points) == plain(rule, points)


@given(cases(), st.data())
def test_judging_in_parts_is_judging_at_once(case, data):
    rule, points = case
    cut = data.draw(st.integers(0, len(points)))

    before = follow(rule, None, points[:cut])
    after = follow(rule, before[-1] if before else None, points[cut:])

    assert [*before[:-1], *after] == follow(rule, None, points)
