"""Every finite number can be drawn, and a chart that fails shows its numbers."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.test.html import parse_html
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pages import axes, charts
from pages.charts import ChartLimit, ChartLine, line_chart, spark

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
LARGEST = 1.7976931348623157e308
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
HARD = [
    [0.3, 0.30000000000000004],
    [3.1e-16, 8.4e-15],
    [0.0, 5e-324],
    [1.7e308],
    [1e308, -1e308],
    [LARGEST, -LARGEST, 0.0],
    [7.0, 7.0, 7.0],
    [-0.0, 0.0],
    [1e290, -1e290],
    [2.2250738585072014e-308, -2.2250738585072014e-308],
    [123456789.1, 123456789.2],
]


def points(values):
    return [(AT + timedelta(hours=hour), value) for hour, value in enumerate(values)]


def drawn(values, limits=()):
    """Return the chart, without the fallback that shows its numbers after an error."""
    lines = [ChartLine("psi", points(values))]
    rest = {"spans": (), "marks": (), "start": None, "end": None, "unit": "", "height": 232}
    return charts._drawn_chart(key="c", title="Drift", lines=lines, thresholds=limits, **rest)


def axis_labels(html):
    axis = html[html.index('class="chart-axis-value"') : html.index('class="chart-plot"')]
    return re.findall(r"<text[^>]*>([^<]+)</text>", axis)


def check_picture(html):
    parse_html(html)
    labels = axis_labels(html)
    assert len(labels) >= 2 and len(set(labels)) == len(labels)
    places = [
        float(y) for path in re.findall(r' d="M([^"]*)"', html) for y in re.findall(r" ([-\d.e]+)", path)
    ]
    assert places and all(0 <= y <= 232 for y in places)
    assert not re.search(r'="[^"]*\b(nan|inf)\b', html)


@pytest.mark.parametrize("values", HARD)
def test_numbers_that_are_hard_to_draw_give_a_picture_with_distinct_labels(values):
    check_picture(drawn(values))


@settings(max_examples=150, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=6), st.lists(NUMBERS, max_size=2))
@example([LARGEST], [-LARGEST])
@example([5e-324], [LARGEST])
def test_any_finite_numbers_and_limits_give_a_picture(values, limits):
    sides = ("above", "below")
    shown = [ChartLimit(value, "critical", "Limit", side) for value, side in zip(limits, sides, strict=False)]
    check_picture(drawn(values, shown))


@settings(max_examples=300, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=6))
def test_an_axis_keeps_the_order_of_its_values_and_labels_round_numbers_once(values):
    axis = axes.axis(values)

    assert all(lower < higher for lower, higher in pairwise(axis.steps))
    assert 2 <= len(axis.steps) <= 12
    shares = [axis.share(value) for value in sorted(values)]
    assert shares == sorted(shares) and shares[0] >= 0 and shares[-1] <= 1
    labels = axes.step_labels(axis.steps)
    assert len(set(labels)) == len(labels) and max(map(len, labels)) <= 20


@settings(max_examples=150, deadline=None)
@given(st.lists(NUMBERS | st.none(), min_size=1, max_size=14), NUMBERS | st.none())
@example([1.7e308, -1.7e308], 0.0)
@example([5e-324, 0.0], None)
def test_any_finite_numbers_give_a_sparkline(values, limit):
    html = charts._drawn_spark(values, "Course", tone="", limit=limit, width=72, height=22)
    if any(value is not None for value in values):
        places = [
            float(y) for y in re.findall(r'<path d="M([^"]*)"', html)[0].replace("L", " ").split()[1::2]
        ]
        assert all(0 <= y <= 22 for y in places)


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_is_a_gap(odd):
    html = line_chart(
        key="c",
        title="t",
        lines=[ChartLine("a", points([1.0, odd, 2.0]))],
        thresholds=[ChartLimit(odd, "clear", "L")],
    )
    assert html.count('class="chart-line-strong"') == 2 and "thr-label" not in html
    assert "<svg" in spark([1.0, odd, 2.0], "Course", limit=odd)


def test_a_drawing_that_fails_is_logged_and_shows_the_numbers(monkeypatch, caplog):
    monkeypatch.setattr(axes, "round_steps", lambda *some: 1 / 0)

    html = line_chart(
        key="c",
        title="Drift <b>",
        lines=[ChartLine("psi", points([0.25, None, 0.31]))],
        thresholds=[ChartLimit(0.3, "critical", "Critical 0.3")],
    )

    parse_html(html)
    assert "cannot be drawn" in html and "0.31" in html and "Critical 0.3" in html
    assert "<b>" not in html
    assert "A chart cannot be drawn" in caplog.text and "ZeroDivisionError" in caplog.text


def test_a_sparkline_that_fails_is_logged_and_shows_its_label(monkeypatch, caplog):
    monkeypatch.setattr(axes, "shares", lambda *some: 1 / 0)

    assert "14 days: 1 to 2" in spark([1.0, 2.0], "14 days: 1 to 2")
    assert "A sparkline cannot be drawn" in caplog.text


def test_labels_of_the_time_axis_do_not_repeat():
    html = line_chart(
        key="c",
        title="t",
        lines=[ChartLine("a", [(AT, 1.0), (AT + timedelta(days=4), 2.0), (AT + timedelta(days=5), 1.0)])],
    )
    axis = html[html.index('class="chart-axis-time"') : html.index("chart-data")]
    labels = [label.strip() for label in re.findall(r"<text[^>]*>([^<]+)</text>", axis)]
    assert labels and len(set(labels)) == len(labels)
