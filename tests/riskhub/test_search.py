"""Search by reference and by words, limited to the reader's sight."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import operations as history
from kit.actor import SYSTEM
from riskhub.search import find
from tests.factories import actions, people, risks

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana")
    client.force_login(person)
    return person


def titles(client, text, **query) -> list[str]:
    groups = client.get("/search/", {"q": text, **query}).context["groups"]
    return [result.title for group in groups for result in group.results]


def test_all_words_have_to_fit(client, ana):
    actions.action("Recalibrate the score"), actions.action("Recalibrate nothing")

    assert titles(client, "score recal") == ["Recalibrate the score"]
    assert titles(client, "") == []


@pytest.mark.parametrize("text", ["recal", "recalibra", "recalibrating", "RECALIBRATE", "the recalibration"])
def test_a_word_is_found_while_it_is_typed_and_in_its_other_forms(client, ana, text):
    actions.action("Recalibrate the score")

    assert titles(client, text) == ["Recalibrate the score"]


def test_a_reference_is_found_alone(client, ana):
    wanted = actions.action("Plain")
    actions.action(f"About {wanted.reference}"), actions.action(f"Und{wanted.reference}0 words")

    assert titles(client, wanted.reference.lower()) == ["Plain"]


def test_a_reference_is_never_found_inside_a_word(client, ana):
    risks.risk("Loans to unde-r-98765-0s")  # a number that no risk of a test has

    assert titles(client, "R-98765000") == []
    assert titles(client, "R-987650") == []


def test_what_is_restricted_is_not_found(client, ana):
    hidden = risks.restricted("Zanzibar", people.team())

    assert titles(client, "zanzibar") == []
    assert titles(client, hidden.reference) == []


def test_stop_words_of_the_language_are_passed_over(client, ana, at):
    action = actions.action("Plain")
    history.change(action, {"details": "Waits for the quokkas of the house"}, by=SYSTEM, at=at)

    assert titles(client, "waits for the quokka") == ["Plain"]
    assert titles(client, "waits for") == ["Plain"]
    assert titles(client, "the") == []


@pytest.mark.parametrize(
    "text",
    ["'", "\\", "a' | 'b", "!", "&", "<->", ":*", "'''", "\\'", "%", "(", "x" * 500, "é" * 300],
)
def test_every_text_can_be_searched_for(client, ana, text):
    actions.action("Recalibrate")

    assert client.get("/search/", {"q": text}, headers={"HX-Request": "true"}).status_code == 200


def test_the_palette_gets_options_alone(client, ana):
    actions.action("Recalibrate the score")

    answer = client.get("/search/", {"q": "score"}, headers={"HX-Request": "true"})

    assert answer.content.decode().count('role="option"') == 1
    assert "<main" not in answer.content.decode()


def test_the_title_that_was_searched_for_is_the_best_match(client, ana):
    actions.action("Quokka of the score"), actions.action("Quokka")

    groups = client.get("/search/", {"q": "quokka"}).context["groups"]

    assert [(group.heading, [result.title for result in group.results]) for group in groups] == [
        ("Best match", ["Quokka"]),
        ("Actions", ["Quokka of the score"]),
    ]


def test_the_page_shows_the_words_in_their_text_and_escapes_it(client, ana, at):
    action = actions.action("Plain")
    history.change(action, {"details": "Caps & <script>x</script> quokka < wombat"}, by=SYSTEM, at=at)

    content = client.get("/search/", {"q": "quokka"}).content.decode().split("<main")[1]

    assert "<mark>quokka</mark> &lt; wombat" in content
    assert "Caps &amp;" in content
    assert "<script>x" not in content


def test_the_page_is_filtered_by_kind_and_time(client, ana):
    actions.action("Quokka of one"), risks.risk("Quokka of two")

    assert sorted(titles(client, "quokka")) == ["Quokka of one", "Quokka of two"]
    assert titles(client, "quokka", kind="risk") == ["Quokka of two"]
    assert client.get("/search/", {"q": "quokka", "kind": "no_such_kind"}).status_code == 400
    assert client.get("/search/", {"q": "quokka", "active": "week"}).status_code == 200


def test_the_page_has_pages(client, ana, monkeypatch):
    monkeypatch.setattr("pages.listing.PAGE_SIZE", 2)
    for number in range(3):
        actions.action(f"Quokka {number}")

    first = client.get("/search/", {"q": "quokka"}).context
    second = client.get("/search/", {"q": "quokka", "after": first["page"].after}).context

    pages = [
        [result.title for group in page["groups"] for result in group.results] for page in (first, second)
    ]
    assert [len(page) for page in pages] == [2, 1]
    assert len(set(pages[0] + pages[1])) == 3


def test_the_queries_do_not_grow_with_the_results(client, ana):
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get("/search/", {"q": "quokka"})
        return len(queries)

    actions.action("Quokka one")
    count()
    first = count()
    actions.action("Quokka two"), risks.risk("Quokka three")

    assert count() == first


def test_it_takes_one_query(client, ana, django_assert_num_queries):
    people.user(), actions.action("One"), actions.action("One too")
    ana.sight  # noqa: B018
    with django_assert_num_queries(2):  # the language, the subjects
        assert len(find(ana, "one")[:10]) == 2
