"""What a stranger sends: a filter, a search or a form field answers a hidden object like one that is missing.

The filters come from the lists and the fields from the forms of the pages, so new ones are tested without a
change here (test standard, row 18).
"""

import re
from collections.abc import Callable

import pytest

from tests.flows.test_restricted_crawl import assert_none, cast_and_family, without
from tests.house import addresses
from tests.house.asking import ask, client_of, comparable, text_of
from tests.house.hidden import CANARY, LATER, Family, like_missing
from tests.house.page_forms import forms_of
from tests.house.world import World

pytestmark = pytest.mark.django_db
_PAGING = {"order", "after", "before", "limit"}
_KNOWN = re.compile(r"No such parameter\. Known: ([\w, -]+)\.")
NONE = "Nonesuch"


@pytest.fixture(scope="module")
def prepared_world(prepared) -> Callable[[], tuple[World, Family]]:
    return prepared("restricted", LATER, cast_and_family)


@pytest.fixture
def both(prepared_world, move_clock) -> tuple[World, Family]:
    move_clock(LATER)
    return prepared_world()


def parameters(client, url: str) -> list[str]:
    """Return the parameters that a list knows, from its refusal of another one."""
    answer = client.get(url, {"bogus": "1"})
    found = _KNOWN.search(text_of(answer)) if answer.status_code == 400 else None
    return sorted(set(found[1].split(", ")) - _PAGING) if found else []


def test_a_filter_answers_a_hidden_object_like_a_missing_one(both):
    world, family = both
    client, different, asked = client_of(world, "outsider"), [], 0
    for address in [*addresses.pages(), *addresses.resources()]:
        if "GET" not in address.methods or not address.is_list:
            continue
        url = address.url_of(world, world.open)
        for name in parameters(client, url):
            names = (family.risk.reference, str(family.risk.subject_id))
            for value, other in ((CANARY, NONE), *((name, like_missing(name)) for name in names)):
                answers = [client.get(url, {name: text}) for text in (value, other)]
                asked += 1
                texts = [comparable(answers[0], without(value)), comparable(answers[1], without(other))]
                if texts[0] != texts[1]:
                    different.append((url, name, value))

    assert_none(different)
    assert asked > 300


def test_a_field_of_a_page_answers_a_hidden_object_like_a_missing_one(both):
    world, family = both
    client, different, known = client_of(world, "manager"), [], set()
    for address in addresses.pages():
        url = address.url_of(world, world.open)
        page = client.get(url) if "GET" in address.methods else None
        if page is None or page.status_code != 200:
            continue
        for form in forms_of(text_of(page), url):
            for field in form.choices:
                if (form.action, field) in known:
                    continue
                known.add((form.action, field))
                value = family.risk.reference if field == "about" else str(family.risk.pk)
                other = like_missing(value)
                sent = [{**form.values, field: text} for text in (value, other)]
                answers = [ask(client, "POST", form.action, is_api=False, data=data) for data in sent]
                texts = [comparable(answer, without(value, other)) for answer in answers]
                if texts[0] != texts[1]:
                    different.append((form.action, field, value, answers[0].status_code))

    assert_none(different)
    assert len(known) > 50
