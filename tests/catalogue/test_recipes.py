"""Recipes of workflows: what they may be, and their lines on a form. No database."""

import pytest

from catalogue import recipes
from kit.refusals import Refused


def test_the_lines_of_a_form_and_the_entries_of_a_recipe_are_the_same():
    text = "income: number, at 12:00\nage"

    entries = recipes.from_lines(f"\n {text}\n\n", "data_schema")
    assert entries == [{"name": "income", "type": "number, at 12:00"}, {"name": "age", "type": ""}]
    assert recipes.as_lines(entries, "data_schema") == text


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"data_schema": [{"name": " ", "type": "number"}]}, "Give each column a name"),
        ({"data_schema": [{"name": "a:b", "type": ""}]}, "without a colon"),
        ({"steps": [{"name": "a", "details": ""}] * 2}, "“a” is there twice"),
        ({"steps": [{"name": "a", "details": "x" * 501}]}, "at most 500 characters"),
        ({"steps": "a"}, "Send a list"),
        ({"steps": [{"name": str(number)} for number in range(101)]}, "at most 100 steps"),
        ({"configuration": [1]}, "JSON object"),
        ({"configuration": {"a": float("nan")}}, "NaN and Infinity"),
        ({"configuration": {"a": ["b\x00"]}}, "NUL"),
        ({"configuration": {"a": "x" * 100_001}}, "100,000 characters"),
        ({"evaluation": "javascript:alert(1)"}, "starts with https://"),
        ({"evaluation": "https://[x"}, "starts with https://"),
        ({"code": "x" * 501}, "500 characters"),
    ],
)
def test_a_recipe_that_cannot_be_names_the_part_and_the_fix(values, message):
    with pytest.raises(Refused, match=message) as refused:
        recipes.checked(values)
    assert refused.value.field == next(iter(values))


def test_a_configuration_nested_too_deeply_is_refused():
    nested: dict = {}
    for _ in range(recipes.MAX_DEPTH + 1):
        nested = {"a": nested}

    with pytest.raises(Refused, match="levels"):
        recipes.checked({"configuration": nested})
