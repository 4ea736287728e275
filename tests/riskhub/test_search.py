"""Search: by reference and by words, under the reader's rights."""

import pytest

from riskhub.search import found as rows
from tests.factories import actions, people, risks

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana")
    client.force_login(person)
    return person


def found(client, text) -> list[str]:
    groups = client.get("/search/", {"q": text}).context["groups"]
    return [title for _, members in groups for _, _, title, _ in members]


def test_all_words_have_to_fit(client, ana):
    actions.action("Recalibrate the score"), actions.action("Recalibrate nothing")

    assert found(client, "score recal") == ["Recalibrate the score"]
    assert found(client, "") == []


def test_a_reference_is_found_first(client, ana):
    wanted = actions.action("Plain")
    actions.action(f"About {wanted.reference}")

    assert found(client, wanted.reference.lower())[0] == "Plain"


def test_what_is_restricted_is_not_found(client, ana):
    risks.restricted("Canary drift", people.team())

    assert found(client, "canary") == []


def test_the_palette_gets_options_alone(client, ana):
    actions.action("Recalibrate the score")

    answer = client.get("/search/", {"q": "score"}, headers={"HX-Request": "true"})

    assert answer.content.decode().count('role="option"') == 1
    assert "<main" not in answer.content.decode()


def test_it_takes_one_query(client, ana, django_assert_num_queries):
    people.user(), actions.action("One"), actions.action("One too")
    ana.sight  # noqa: B018
    with django_assert_num_queries(1):
        assert len(rows(ana, "one", 10)) == 2
