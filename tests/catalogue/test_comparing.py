"""What two runs have in common, whether one reproduces the other, and how that fades. No database."""

from datetime import timedelta

import pytest

from catalogue import run_facts
from catalogue.comparing import ComparedValue, Section, by_name, flat, pairs_of
from catalogue.reproduction import Inputs, freshness, obstacles
from catalogue.states import Freshness, Likeness
from kit.refusals import Refused
from tests.conftest import AT


def test_each_name_of_either_side_is_one_pair():
    pairs = pairs_of({"a": 1, "b": None, "c": True}, {"d": "x", "a": 1, "b": 2, "c": 1})

    assert [(pair.name, pair.likeness, pair.change) for pair in pairs] == [
        ("a", Likeness.SAME, 0),
        ("b", Likeness.DIFFERENT, None),
        ("c", Likeness.DIFFERENT, None),
        ("d", Likeness.ONLY_RIGHT, None),
    ]
    assert [pair.texts for pair in pairs] == [("1", "1"), ("null", "2"), ("true", "1"), ("", "x")]
    assert [pair.name for pair in Section("run", "Run", pairs).differing] == ["b", "c", "d"]


@pytest.mark.parametrize(
    ("left", "right", "text"),
    [(0.8, 0.82, "+0.02 (+2.5 %)"), (-2, -3, "-1 (-50 %)"), (0, 0.5, "+0.5"), ("a", 1, "")],
)
def test_the_change_of_a_number_has_its_percentage(left, right, text):
    (pair,) = pairs_of({"auc": left}, {"auc": right})

    assert pair.change_text == text


def test_nested_objects_and_lists_of_entries_become_names_and_values():
    assert flat({"tree": {"depth": 6, "more": {}}, "seed": [7]}) == {
        "tree.depth": 6,
        "tree.more": {},
        "seed": [7],
    }
    entries = [{"name": "model.bin", "link": "s3://a", "digest": ""}, {"name": "log"}]
    assert by_name(entries, "digest", "link") == {"model.bin": "s3://a", "log": ""}


def test_a_pair_with_one_side_has_one_text():
    assert ComparedValue("a", 1, None, Likeness.ONLY_LEFT).texts == ("1", "")


EARLIER = Inputs("2026-Q2", "4be1c07", {"seed": 7, "out": "/a"}, {"auc": 0.8, "loss": 0.0})


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (Inputs("2026-Q2", "4be1c07", {"seed": 7}, {"auc": 0.8, "loss": 0.0, "ks": 1}), []),
        (Inputs("", "", {}, {"auc": 0.793, "loss": 0.0}), []),
        (Inputs("", "", {}, {"auc": 0.79, "loss": 0.0}), ["The metric auc is 0.79 and was 0.8."]),
        (Inputs("", "", {}, {"auc": 0.8, "loss": 0.01}), ["The metric loss is 0.01 and was 0."]),
        (Inputs("", "", {}, {"auc": 0.8}), ["The metric loss is missing."]),
        (
            Inputs("2026-Q3", "c13f9e8", {"seed": 8, "out": "/a"}, {"auc": 0.8, "loss": 0.0}),
            ["The data set is another one.", "The code is another one.", "These parameters differ: seed."],
        ),
    ],
)
def test_a_repetition_reproduces_a_run_if_nothing_that_both_recorded_differs(later, expected):
    assert obstacles(EARLIER, later, tolerance=1.0) == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0, Freshness.FRESH), (44, Freshness.FRESH), (45, Freshness.FADING), (90, Freshness.FADED)],
)
def test_a_reproduction_fades_in_the_second_half_of_its_time(days, expected):
    assert freshness(AT - timedelta(days=days), 90, AT) == expected


def test_what_nobody_reproduced_has_no_freshness():
    assert freshness(None, 90, AT) == Freshness.NEVER


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"metrics": [1]}, "object of numbers"),
        ({"metrics": {"auc": "high"}}, "“auc” is not a number"),
        ({"metrics": {"auc": True}}, "“auc” is not a number"),
        ({"metrics": {"auc": float("nan")}}, "“auc” is NaN or infinite"),
        ({"metrics": {"auc": 10**400}}, "“auc” is NaN or infinite"),
        ({"metrics": {" ": 1}}, "Give each metric a name"),
        ({"metrics": {str(number): 1 for number in range(501)}}, "at most 500 metrics"),
        ({"artefacts": "x"}, "Send a list"),
        ({"artefacts": [{"name": ""}]}, "Give each artefact a name"),
        ({"artefacts": [{"name": "a"}, {"name": "a"}]}, "“a” is there twice"),
        ({"artefacts": [{"name": "a", "link": "x" * 501}]}, "“a”: use at most 500"),
        ({"parameters": [1]}, "JSON object"),
        ({"link": "javascript:1"}, "starts with https://"),
        ({"data_set": "x" * 501}, "at most 500"),
    ],
)
def test_facts_that_cannot_be_name_the_field_and_the_fix(values, message):
    with pytest.raises(Refused, match=message) as refused:
        run_facts.checked(values)
    assert refused.value.field == next(iter(values))


def test_lines_of_a_form_become_metrics_and_artefacts():
    assert run_facts.metrics_from("auc: 0.79\n\n p:95: 120") == {"auc": 0.79, "p:95": 120}
    with pytest.raises(Refused, match="has no number"):
        run_facts.metrics_from("auc 0.79")
    assert run_facts.artefacts_from("model.bin: s3://m/7 sha256:5f\nlog") == [
        {"name": "model.bin", "link": "s3://m/7", "digest": "sha256:5f"},
        {"name": "log", "link": "", "digest": ""},
    ]
