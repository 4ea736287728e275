"""A list specification accepts its filters and orders, and refuses unknown ones by name."""

from datetime import date
from types import SimpleNamespace

import pytest
from django.db.models import Q, TextChoices

from lists import filtering
from lists.specification import BadQuery, Filter, ListSpec, Order, Reader


class Colour(TextChoices):
    RED = "red", "Red"
    BLUE = "blue", "Blue"


SPEC = ListSpec(
    {
        "colour": filtering.choice("Colour", "colour", Colour),
        "owner": filtering.person("Owner", "owner"),
        "late": filtering.flag("Late", Q(is_late=True)),
        "since": Filter("Since", lambda values, reader: Q(day__gte=values[0]), filtering.day, is_many=False),
        "tag": Filter("Tag", lambda values, reader: Q(tags__contains=list(values)), is_many=False),
    },
    {"-id": Order("Newest", ("-id",)), "id": Order("Oldest", ("id",))},
    further=("find",),
)
READER = Reader(SimpleNamespace(pk=7), date(2026, 11, 23))


def condition(name, *values):
    return SPEC.filters[name].condition(values, READER)


def test_a_query_is_read_into_values_order_and_place():
    selection = SPEC.read({"colour": ["red,blue"], "order": ["id"], "after": ["x"], "find": ["y"]})

    assert selection.values == {"colour": (Colour.RED, Colour.BLUE)}
    assert (selection.order, dict(selection.place)) == ("id", {"after": "x"})


def test_without_a_query_the_first_order_counts():
    selection = SPEC.read({})

    assert (selection.order, selection.is_narrowed) == ("-id", False)


@pytest.mark.parametrize(
    ("query", "name", "fix"),
    [
        ({"color": ["red"]}, "color", "Known: after, before, colour,"),
        ({"colour": ["red", "blue"]}, "colour", "Send it once"),
        ({"colour": ["green"]}, "colour", "Use one of red, blue."),
        ({"colour": [""]}, "colour", "Give a value"),
        ({"colour": [",".join(["red"] * 101)]}, "colour", "at most 100"),
        ({"owner": ["1e3"]}, "owner", "email address"),
        ({"owner": ["9" * 19]}, "owner", "whole number"),
        ({"late": ["True"]}, "late", "true or false"),
        ({"late": ["1"]}, "late", "true or false"),
        ({"late": ["true,false"]}, "late", "true or false"),
        ({"since": ["31 March"]}, "since", "2026-03-31"),
        ({"since": ["0999-12-31"]}, "since", "1000 to 2999"),
        ({"since": ["3000-01-01"]}, "since", "1000 to 2999"),
        ({"order": ["name"]}, "order", "Use one of -id, id."),
        ({"tag": ["a\x00b"]}, "tag", "NUL"),
        ({"": ["x"]}, "query", "No such parameter"),
    ],
)
def test_what_a_list_does_not_know_is_refused_by_name(query, name, fix):
    with pytest.raises(BadQuery) as refused:
        SPEC.read(query)

    assert list(refused.value.errors) == [name]
    assert fix in refused.value.errors[name]


def test_a_list_without_pages_neither_knows_nor_names_the_parameters_of_pages():
    with pytest.raises(BadQuery) as refused:
        SPEC.whole("format").read({"colur": ["red"], "limit": ["5"], "format": ["csv"]})

    assert refused.value.errors == {
        "colur": "No such parameter. Known: colour, find, format, late, order, owner, since, tag.",
        "limit": "No such parameter. Known: colour, find, format, late, order, owner, since, tag.",
    }


def test_a_tag_matches_rows_that_have_any_of_the_tags():
    tag = filtering.tag()

    assert tag.values_of("Income, noise") == ("income", "noise")
    assert tag.condition(("income", "noise"), READER) == Q(tags__overlap=["income", "noise"])
    assert tag.schema()["pattern"].startswith("^[^,]*(,[^,]*)")


def test_all_mistakes_are_named_at_once():
    with pytest.raises(BadQuery) as refused:
        SPEC.read({"colour": ["green"], "size": ["1"]})

    assert set(refused.value.errors) == {"colour", "size"}


def test_a_person_is_a_number_me_or_nobody():
    assert condition("owner", 3) == Q(owner_id=3)
    assert condition("owner", "me") == Q(owner_id=7)
    assert condition("owner", "none") == Q(owner__isnull=True)
    assert condition("owner", "me", "none") == Q(owner_id=7) | Q(owner__isnull=True)


def test_a_flag_keeps_one_half_or_the_other():
    assert condition("late", True) == Q(is_late=True)
    assert condition("late", False) == ~Q(is_late=True)


def test_an_address_switches_one_value_and_keeps_the_rest():
    selection = SPEC.read({"colour": ["red"], "order": ["id"], "after": ["x"]})

    assert selection.toggled("colour", "blue") == "colour=red,blue&order=id"
    assert selection.toggled("colour", "red") == "order=id"
    assert selection.query(order=None) == "colour=red"


def test_chips_say_what_the_list_is_narrowed_to():
    selection = SPEC.read({"colour": ["red,blue"], "owner": ["me"]})

    assert SPEC.chips(selection) == [
        ("colour", "Colour: Red, Blue", "owner=me"),
        ("owner", "Owner: Me", "colour=red,blue"),
    ]
