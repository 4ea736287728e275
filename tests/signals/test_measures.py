"""What each kind of rule measures: examples, and a slow model that takes one point at a time."""

from datetime import UTC, datetime, timedelta
from statistics import mean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.measures import LEAST_HISTORY, MOST_POINTS, measures, points_before, reach, silence
from signals.states import BreachLevel
from signals.thresholds import Rule, follow, problems

START = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULES = (
    Rule(warning=3, critical=5, warning_low=-1, kind="range"),
    Rule(warning=3, critical=5, kind="count", needed=2, among=4),
    Rule("below", warning=3, clear=4, kind="count", needed=3, among=5),
    Rule(warning=20, critical=50, kind="change", window_hours=6),
    Rule("both", warning=20, clear=10, kind="change", window_hours=3),
    Rule(warning=2, critical=4, kind="deviation", window_hours=30),
    Rule("below", warning=2, kind="deviation", window_hours=200),
    Rule(warning=4, critical=8, kind="silence"),
)


def at_hours(*values):
    return [(START + HOUR * n, float(value)) for n, value in enumerate(values)]


def spans(rule, *values):
    return follow(rule, None, measures(rule, at_hours(*values)))


def test_a_range_is_crossed_on_both_sides():
    rule = Rule(warning=10, critical=20, warning_low=2, critical_low=0, kind="range")

    (low,) = spans(rule, 5, 1, -1)
    (high,) = spans(rule, 5, 11)

    assert (low.level, low.first, low.worst) == (BreachLevel.CRITICAL, 1, -1)
    assert (high.level, high.worst) == (BreachLevel.WARNING, 11)


def test_n_of_the_last_m_points_must_cross():
    rule = Rule(warning=1, kind="count", needed=2, among=3)

    assert spans(rule, 2, 0, 0, 2, 0, 0, 2) == []
    (crossing,) = spans(rule, 0, 2, 0, 2)
    assert crossing.opened_at == START + 3 * HOUR


def test_a_change_compares_with_the_window_before():
    rule = Rule(warning=30, kind="change", window_hours=2)

    assert measures(rule, at_hours(10, 10, 14, 14))[-1] == (START + 3 * HOUR, pytest.approx(40))
    fall = Rule("below", warning=30, kind="change", window_hours=2)
    assert measures(fall, at_hours(10, 10, 5, 5))[-1][1] == pytest.approx(50)


def test_a_change_from_nothing_is_not_measured():
    assert measures(Rule(warning=1, kind="change", window_hours=1), at_hours(0, 5)) == []


def test_a_deviation_needs_a_history_and_ignores_one_wild_value_in_it():
    rule = Rule(warning=3, kind="deviation", window_hours=48)
    usual = [1, 2, 3, 2, 1, 2, 3, 1000]

    assert measures(rule, at_hours(*usual[: LEAST_HISTORY - 1])) == []
    assert measures(rule, at_hours(*usual, 2))[-1][1] == 0
    assert measures(rule, at_hours(*usual, 12))[-1][1] == pytest.approx(10 / 1.4826)


def test_any_other_value_deviates_from_a_constant_history():
    (crossing,) = spans(Rule(warning=3, kind="deviation", window_hours=48), *[5] * 10, 5.1)

    assert crossing.is_open


def test_silence_begins_at_the_limit_and_ends_with_the_next_point():
    rule = Rule(warning=2, critical=6, kind="silence")
    points = [(START, 1.0), (START + 7 * HOUR, 1.0)]

    (crossing,) = follow(rule, None, measures(rule, points))

    assert (crossing.opened_at, crossing.level) == (START + 2 * HOUR, BreachLevel.CRITICAL)
    assert (crossing.first, crossing.worst, crossing.cleared_at) == (2, 6, START + 7 * HOUR)
    assert silence(rule, START, START + 3 * HOUR) == [(START + 2 * HOUR, 2)]
    assert silence(rule, START, START + 2 * HOUR) == []


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (Rule(warning=1, kind="odd"), "kind"),
        (Rule(warning=1, needed=2), "needed"),
        (Rule("both", warning=1), "direction"),
        (Rule("below", warning=1, kind="silence"), "direction"),
        (Rule(warning=1, clear=0, kind="silence"), "clear"),
        (Rule(kind="range", clear_low=1), "warning"),
        (Rule(kind="range", warning=1, warning_low=2), "warning_low"),
        (Rule(kind="range", warning=3, warning_low=1, critical_low=2), "critical_low"),
        (Rule(kind="range", warning=3, clear_low=2), "clear_low"),
        (Rule(kind="count", warning=3, needed=0, among=2), "needed"),
        (Rule(kind="count", warning=3, needed=3, among=2), "among"),
        (Rule(kind="change", warning=3), "window_hours"),
        (Rule(kind="change", warning=-3, window_hours=2), "warning"),
        (Rule(kind="deviation", warning=3, window_hours=float("nan")), "window_hours"),
    ],
)
def test_a_contradictory_rule_names_its_field(rule, field):
    assert list(problems(rule)) == [field]


def slow(rule, points):
    """The slow model: each point with all before it, by the definition."""
    found = []
    for position, (ts, value) in enumerate(points):
        before = points[:position]
        if rule.kind == "range":
            found.append((ts, value))
        if rule.kind == "count":
            values = sorted(v for _, v in points[max(position + 1 - rule.among, 0) : position + 1])
            ranked = values if rule.direction == "below" else values[::-1]
            found += [(ts, ranked[rule.needed - 1])] if len(values) >= rule.needed else []
        if rule.kind == "change":
            window = timedelta(hours=rule.window_hours)
            now = [v for t, v in points[: position + 1] if ts - window < t]
            then = [v for t, v in before if ts - 2 * window < t <= ts - window]
            if then and mean(then):
                size = (mean(now) - mean(then)) / abs(mean(then)) * 100
                found.append((ts, abs(size) if rule.direction == "both" else size))
        if rule.kind == "deviation":
            past = [v for t, v in before if t >= ts - timedelta(hours=rule.window_hours)]
            if len(past) >= LEAST_HISTORY:
                away = [abs(v - median(past)) for v in past]
                scale = 1.4826 * median(away) or 1.2533 * mean(away)
                distance = value - median(past)
                size = min(abs(distance) / scale, 1000) if scale else 1000 if distance else 0
                size = -size if (distance < 0) != (rule.direction == "below") else size
                found.append((ts, size))
        if rule.kind == "silence" and before:
            gap = (ts - before[-1][0]) / HOUR
            limits = [h for h in (rule.warning, rule.critical) if h is not None and h < gap]
            found += [*((before[-1][0] + h * HOUR, h) for h in limits), (ts, 0.0)]
    return found


def spaced(rows):
    ts, points = START, []
    for value, hours in rows:
        ts += HOUR * hours
        points.append((ts, float(value)))
    return points


def series():
    rows = st.tuples(st.integers(-3, 8), st.sampled_from([1, 1, 2, 5, 25]))
    return st.lists(rows, max_size=25).map(spaced)


@given(st.sampled_from(RULES), series())
def test_measures_agree_with_the_slow_model(rule, points):
    assert problems(rule) == {}
    found, expected = measures(rule, points), slow(rule, points)

    assert [ts for ts, _ in found] == [ts for ts, _ in expected]
    assert [size for _, size in found] == pytest.approx([size for _, size in expected])


@given(st.sampled_from(RULES), series(), st.data())
def test_measuring_in_parts_is_measuring_at_once(rule, points, data):
    cut = data.draw(st.integers(0, len(points)))
    before, after = points[:cut], points[cut:]
    back = reach(rule)
    kept = [row for row in before if not after or back is None or row[0] >= after[0][0] - back]
    count = points_before(rule)

    first = follow(rule, None, measures(rule, before))
    history = kept[-count:] if count else []
    second = follow(rule, first[-1] if first else None, measures(rule, after, history))

    assert [*first[:-1], *second] == follow(rule, None, measures(rule, points))


def test_a_window_has_at_most_its_last_points():
    rule = Rule(warning=1, kind="change", window_hours=24 * 300)
    points = at_hours(*[1] * (MOST_POINTS + 50), 2)

    assert measures(rule, points[-1:], points[-1 - MOST_POINTS : -1]) == measures(rule, points)[-1:]
