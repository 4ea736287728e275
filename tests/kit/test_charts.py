import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test.html import parse_html

from pages.axes import round_steps, with_room
from pages.charts import ChartLimit, ChartLine, Mark, Span, figure, line_chart, spark

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)


def points(*values):
    return [(AT + timedelta(hours=k), value) for k, value in enumerate(values)]


def draw(*values, **more):
    return line_chart(key="c", title="Drift", lines=[ChartLine("psi", points(*values), area=True)], **more)


def parsed(html):
    """Raises when a tag is left open or closed twice."""
    return parse_html(html)


@pytest.mark.parametrize(
    "values", [(1, 2, 3), (5,), (0, 0, 0), (1, None, 3), (None, 2), (-3, 1e9), (1e-9, 2e-9)]
)
def test_any_values_give_a_well_formed_picture_with_finite_places(values):
    html = draw(*values)
    parsed(html)
    assert "nan" not in html.lower() and "inf" not in html.lower()


@pytest.mark.parametrize("values", [(), (None, None)])
def test_without_values_it_says_so(values):
    assert "No points in this period" in draw(*values)


def test_a_gap_lifts_the_pen():
    assert draw(1, 2, None, 3, 4).count('class="chart-line-strong"') == 2


def test_a_lone_point_is_drawn_as_a_dot():
    assert 'h0"' in draw(5)


def test_places_follow_real_time_not_the_count_of_points():
    moments = [AT, AT + timedelta(hours=1), AT + timedelta(hours=10)]
    html = line_chart(key="c", title="t", lines=[ChartLine("a", list(zip(moments, (1, 2, 3), strict=True)))])
    assert 'data-x="10.0"' in html


def test_everything_is_escaped():
    evil = "<script>'\"&"
    html = line_chart(
        key="c",
        title=evil,
        lines=[ChartLine(evil, points(1, 2))],
        thresholds=[ChartLimit(1.5, "critical", evil)],
        spans=[Span(AT, None, "critical", evil)],
        marks=[Mark(AT, evil, href='/x"onclick')],
        unit=evil,
    )
    assert "<script" not in html and '"onclick' not in html
    parsed(html)


def test_limits_marks_and_spans_are_in_the_picture_and_in_words():
    html = draw(
        1,
        2,
        thresholds=[ChartLimit(5, "critical", "Critical 5"), ChartLimit(1, "clear", "Clears below 1")],
        spans=[Span(AT, None, "critical", "Breach B-1")],
        marks=[Mark(AT + timedelta(minutes=50), "Version 2 deployed", "/v/2")],
    )
    assert "band-critical" in html and "band-clear" not in html
    assert "span-critical" in html and "1. Version 2 deployed" in html
    assert "psi: latest 2, lowest 1, highest 2. Critical 5. Clears below 1." in html


def test_marks_outside_the_time_shown_are_left_out():
    assert "Long ago" not in draw(1, 2, marks=[Mark(AT - timedelta(days=9), "Long ago")])


def test_no_inline_style_or_script():
    assert "style=" not in draw(1, 2) and "<script" not in draw(1, 2)


def test_steps_are_round_and_cover_the_values():
    assert [float(step) for step in round_steps(0, 0.3)] == [0, 0.1, 0.2, 0.3]
    steps = round_steps(*with_room(7, 7))
    assert steps[0] <= 7 <= steps[-1]


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "no data"), (0.25, "0.25"), (0, "0"), (12345.6, "12,346"), (0.00002, "2.00e-05")],
)
def test_figures_read_well(value, words):
    assert figure(value) == words


@pytest.mark.parametrize("values", [[1, 2], [3], [2, 2, 2], [None, 1, None]])
def test_spark_draws_what_there_is(values):
    html = spark(values, label="Steady", limit=2)
    assert parsed(html).name == "svg" and "nan" not in html


@pytest.mark.parametrize("values", [[], None, [None]])
def test_spark_without_values_says_so(values):
    assert "No points yet" in spark(values, label="Steady")


def _label_places(limits):
    drawn = draw(0.1, 0.2, thresholds=limits)
    return [float(y) for y in re.findall(r'class="chart-threshold-label[^>]* y="([\d.]+)"', drawn)]


def test_a_limit_at_the_edge_has_room_for_its_zone_and_for_the_marks_above_its_words():
    above = _label_places([ChartLimit(0.4, "critical", "L", "above")])
    below = _label_places([ChartLimit(-1, "critical", "L", "below")])

    assert above[0] > 30
    assert below[0] < 232 - 30


def test_labels_of_close_limits_do_not_overlap():
    warning, clear = _label_places([ChartLimit(0.15, "warning", "W"), ChartLimit(0.145, "clear", "C")])

    assert clear - warning >= 12
