"""The arithmetic of the benchmark."""

import json
import math

import pytest

from bench import figures
from bench.client import Answers, request
from bench.figures import Line
from bench.meter import Reading, spent
from bench.run import Side


def test_the_median_stands_between_the_least_and_the_greatest():
    assert figures.spread([3.0, 1.0, 2.0]) == figures.Spread(2.0, 1.0, 3.0)
    assert figures.spread([4.0, 1.0, 2.0, 3.0]).median == 2.5


def test_no_figure_has_no_median():
    with pytest.raises(ValueError, match="no figure"):
        figures.spread([])


def test_ratios_are_taken_round_by_round():
    """A round in which the machine was slow for both sides does not change the ratio."""
    assert figures.ratios([60, 6, 60], [100, 10, 100]) == figures.Spread(0.6, 0.6, 0.6)


def test_a_yardstick_with_the_figure_zero_is_refused():
    with pytest.raises(ValueError, match="figure zero"):
        figures.ratios([1.0], [0.0])
    with pytest.raises(ValueError, match="two sides"):
        figures.ratios([1.0], [1.0, 2.0])


@pytest.mark.parametrize(("part", "expected"), [(0.5, 50), (0.95, 95), (1.0, 100), (0.0, 1)])
def test_a_percentile_is_a_figure_that_was_there(part, expected):
    assert figures.percentile(list(range(100, 0, -1)), part) == expected


def test_cpu_counts_new_processes_and_not_those_that_ended():
    assert spent({1: 5.0, 2: 7.0}, {1: 6.5, 3: 0.5}) == pytest.approx(2.0)


def test_wrong_answers_count_as_none():
    answers = Answers(right=30, wrong=10, seconds=2.0, first_wrong="500")
    side = Side([answers], [Reading(web=0.2, database=0.1)])

    assert answers.a_second == 15
    assert side.cpu == [pytest.approx(0.01)]
    assert side.wrong == "500"


def test_a_request_says_how_long_its_body_is():
    sent = request("/points", headers={"Authorization": "Bearer x"}, body=b"[]")

    assert sent.startswith(b"POST /points HTTP/1.1\r\n")
    assert b"Content-Length: 2\r\n" in sent
    assert sent.endswith(b"\r\n\r\n[]")


def test_the_table_has_a_row_for_every_line_also_without_a_figure():
    lines = [
        Line(1, "list", "≥ 0.6", figure=0.612345, least=0.5, greatest=0.7, met=True),
        Line(5, "page", "≤ 1.5", figure=2.0, met=False, why="Too much."),
        Line(24, "tests", "≤ 600 s", why="Run them."),
    ]

    said = figures.table(lines)

    assert "0.612" in said
    assert "met" in said
    assert "MISSED" in said
    assert "Run them." in said
    assert figures.counted(lines) == {"met": 1, "missed": 1, "not judged": 1}


def test_an_object_can_be_read_by_a_program():
    line = Line(9, "points", "≥ 0.6", figure=123456.7, met=True, details={"cpu_ratio": 0.7})

    found = json.loads(json.dumps(line.as_object()))

    assert found["figure"] == 123457
    assert found["cpu_ratio"] == 0.7
    assert not math.isnan(found["figure"])
