"""The glossary and the lessons: words as data, lessons that hold what they say, counts without names."""

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import operations as history
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from learnings import lessons
from learnings.lessons import LESSONS
from learnings.models import GlossaryWord, LessonTaken
from learnings.operations import glossary
from learnings.operations import lesson as lesson_operations
from learnings.operations.first_words import FIRST
from learnings.queries import lesson as queries
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.queries import thanks
from people.states import Role
from riskhub import schedule
from tests.conftest import ROOT
from tests.factories import meetings as make
from tests.factories import people
from tests.factories.recognitions import recognition
from tests.moments import AT

pytestmark = pytest.mark.django_db
API = "/api/v1/glossary"


@pytest.fixture
def ana(client):
    people.organisation()
    found = people.user("Ana", role=Role.RISK_MANAGER)
    client.force_login(found)
    return found


# ------------------------------------------------------------------ words


def test_a_new_register_has_the_standard_words_once(ana):
    schedule.act(AT)
    assert GlossaryWord.objects.count() == len(FIRST)

    assert glossary.add_first(by=SYSTEM, at=AT) == 0
    GlossaryWord.objects.filter(slug="psi").update(slug="our-psi", word="Our PSI")
    assert glossary.add_first(by=SYSTEM, at=AT) == 1


def test_every_word_of_a_page_is_in_the_glossary_and_leads_to_a_lesson(ana):
    glossary.add_first(by=SYSTEM, at=AT)
    slugs = set(GlossaryWord.objects.values_list("slug", flat=True))
    used = set()
    for path in (ROOT / "templates").rglob("*.html"):
        for word, slug in re.findall(r'{% term "([^"]+)"(?: "([^"]+)")? %}', path.read_text()):
            used.add(slug or word.lower().replace(" ", "-"))

    assert len(used) >= 4
    assert used <= slugs
    assert set(GlossaryWord.objects.values_list("lesson", flat=True)) == set(lessons.slugs())


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"word": "--"}, "word"),
        ({"word": "psi"}, "word"),
        ({"definition": " "}, "definition"),
        ({"lesson": "astrology"}, "lesson"),
        ({"also": [str(number) for number in range(11)]}, "also"),
    ],
)
def test_a_bad_word_is_refused_with_the_field(ana, values, field):
    glossary.add(word="PSI", definition="One number.", by=SYSTEM, at=AT)
    with pytest.raises(Refused) as refusal:
        glossary.add(**{"word": "Drift", "definition": "It moves.", **values}, by=SYSTEM, at=AT)

    assert refusal.value.field == field


def test_a_register_that_is_older_than_the_glossary_gets_the_words_once():
    assert glossary.add_to_empty(at=AT) == 0  # it is not set up
    people.organisation()

    schedule.tidy()
    assert GlossaryWord.objects.count() == len(FIRST)

    own = GlossaryWord.objects.get(slug="psi")
    glossary.change(own, {"word": "Our PSI", "definition": "Ours."}, by=SYSTEM, at=AT)
    GlossaryWord.objects.exclude(pk=own.pk).delete()
    schedule.tidy()
    assert GlossaryWord.objects.get().definition == "Ours."


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"also": ["P s I"]}, "also"),
        ({"also": ["fine", "population  STABILITY index"]}, "also"),
        ({"word": "Population stability index"}, "word"),
        ({"word": "P SI"}, "word"),
    ],
)
def test_a_spelling_of_another_entry_is_refused_and_the_entry_named(ana, values, field):
    own = glossary.add(word="Drift", definition="It moves.", also=["shift"], by=SYSTEM, at=AT)
    also = ["population stability index"]
    glossary.add(word="PSI", definition="One number.", also=also, by=SYSTEM, at=AT)

    with pytest.raises(Refused, match="see the word “PSI”") as refusal:
        glossary.add(**{"word": "Jump", "definition": "It jumps.", **values}, by=SYSTEM, at=AT)
    assert refusal.value.field == field
    with pytest.raises(Refused, match="see the word “PSI”") as refusal:
        glossary.change(own, values, by=SYSTEM, at=AT)
    assert refusal.value.field == field


def test_an_entry_keeps_its_own_spellings_and_has_each_once(ana):
    own = glossary.add(word="Drift", definition="It moves.", also=["shift", "Shift "], by=SYSTEM, at=AT)
    assert own.also == ["shift"]

    glossary.change(own, {"word": "Shift", "also": ["drift"], "definition": "It moved."}, by=SYSTEM, at=AT)

    assert (own.word, own.also) == ("Shift", ["drift"])


def test_no_other_spelling_repeats_the_word_itself(ana):
    also = ["psi", " P s i", "stability  index", "Stability Index"]
    own = glossary.add(word="PSI", definition="One number.", also=also, by=SYSTEM, at=AT)
    assert own.also == ["stability  index"]

    glossary.change(own, {"also": ["Psi", "drift number"]}, by=SYSTEM, at=AT)
    assert own.also == ["drift number"]
    glossary.change(own, {"word": "Drift Number"}, by=SYSTEM, at=AT)
    assert (own.word, own.also) == ("Drift Number", [])
    GlossaryWord.objects.get(word="Drift Number", also=[])


def test_standard_words_leave_out_what_the_entries_of_people_have(ana):
    glossary.add(word="Our rate", definition="Ours.", also=["Prevalence", "base  rate"], by=SYSTEM, at=AT)
    glossary.add(word="Ours", definition="Ours.", also=["target leakage"], by=SYSTEM, at=AT)

    assert glossary.add_first(by=SYSTEM, at=AT) == len(FIRST) - 1

    assert not GlossaryWord.objects.filter(slug="base-rate").exists()
    assert GlossaryWord.objects.get(slug="leakage").also == []


def test_pages_and_api_add_find_and_change_words(client, ana):
    body = {"word": "Model card", "definition": "What a model is for.", "also": ["fact sheet"]}
    made = client.post(API, json.dumps(body), content_type="application/json")
    assert (made.status_code, made.json()["slug"]) == (201, "model-card")
    for query in ("q=card", "q=SHEET", "q=is for"):
        assert len(client.get(f"{API}?{query}").json()["results"]) == 1
    change = client.patch(
        f"{API}/model-card",
        json.dumps({"lesson": "leakage"}),
        content_type="application/json",
        headers={"If-Match": made["ETag"]},
    )
    assert change.json()["lesson"] == "leakage"
    page = client.get("/learnings/glossary/model-card/").content.decode()
    assert "What a model is for." in page and "/learnings/lessons/leakage/" in page
    form = {"word": "Model card", "definition": "Its purpose.", "also": "", "lesson": "", "version": 2}
    assert client.post("/learnings/glossary/model-card/edit/", form).status_code == 303
    assert "Its purpose." in client.get("/learnings/glossary/").content.decode()
    assert client.get("/learnings/glossary/never-added/").status_code in {302, 303}
    client.force_login(people.user())
    assert client.get("/learnings/glossary/new/").status_code == 403


@pytest.mark.parametrize("path", ["/learnings/glossary/", API])
def test_lists_cost_the_same_at_one_and_three_rows(client, ana, path):
    counts = []
    for names in (("One",), ("Two", "Three")):
        for name in names:
            glossary.add(word=name, definition="x", by=SYSTEM, at=AT)
        with CaptureQueriesContext(connection) as found:
            assert client.get(path).status_code == 200
        counts.append(len(found))

    assert counts[0] == counts[1]


# ------------------------------------------------------------------ lessons


def test_the_lessons_are_whole():
    assert len(LESSONS) == len(set(lessons.slugs())) == 10
    for lesson in LESSONS:
        assert 90 <= len(lesson.text.split()) <= 220, lesson.slug
        assert 2 <= len(lesson.questions) <= 3
        assert all(0 <= one.right < len(one.answers) for one in lesson.questions)
        assert {len(values) for values in lesson.chart.lines.values()} == {12}


def test_the_figures_of_the_lesson_on_base_rates_are_right():
    frauds, honest = 100, 99_900
    right, wrong = round(frauds * 0.99), round(honest * 0.01)

    text = lessons.find("base-rates").text
    for figure in (f"{right}", f"{wrong}", f"{right + wrong:,}", "99,900"):
        assert figure in text
    assert round(100 * right / (right + wrong)) == 9


def test_a_person_takes_a_lesson_once(client, ana):
    page = client.get("/learnings/lessons/drift/").content.decode()
    assert "<svg" in page and "What was released or loaded on that day" in page
    for _ in range(2):
        assert client.post("/learnings/lessons/drift/taken/").status_code == 303
    assert LessonTaken.objects.count() == 1
    assert "You took this lesson" in client.get("/learnings/lessons/drift/").content.decode()
    api = client.post("/api/v1/lessons/thresholds/taken", "{}", content_type="application/json")
    assert api.json()["is_taken"] is True
    taken = [one["slug"] for one in client.get("/api/v1/lessons").json()["lessons"] if one["is_taken"]]
    assert taken == ["drift", "thresholds"]
    assert client.get("/learnings/lessons/astrology/").status_code == 404
    assert client.post("/api/v1/lessons/astrology/taken", "{}", "application/json").status_code == 404


def test_counts_name_functions_and_nobody(client, ana):
    science, risk = people.function("data-science"), people.function("risk-management")
    three = [people.user(f"Scientist {n}", function=science) for n in range(3)]
    two = [people.user(f"Manager {n}", function=risk) for n in range(2)]
    for who in (*three[:2], two[0]):
        lesson_operations.take("drift", by=Actor(who, "page"), at=AT)

    found = {one.name: (one.people, one.taken[0]) for one in queries.counts()}
    assert found == {"Data science": (3, 2), queries.OTHERS: (3, 1)}  # two managers and Ana, without one
    page = client.get("/learnings/lessons/").content.decode()
    assert "Data science" in page
    assert "Scientist" not in page and "Risk management" not in page
    assert client.get("/api/v1/lessons").json()["counts"][0]["taken"]["drift"] == 2


def test_too_few_people_together_are_left_out():
    people.organisation()
    lesson_operations.take("drift", by=Actor(people.user(), "page"), at=AT)

    assert queries.counts() == []


# ------------------------------------------------------------------ recognition in a meeting


def test_a_meeting_begins_with_the_recognition_of_its_people(client, ana):
    team, members = make.crew()
    meeting = make.planned(make.series(team))
    recognition("Calm scores", people=[members[0]])
    recognition("Of another team")
    secret = recognition("Canary", team=team, people=[])
    history.restrict(secret.about, [people.team().subject_id])

    found = thanks.since_last_meeting(meeting, ana, at=AT)
    assert [row.title for row in found] == ["Calm scores"]
    page = client.get(f"/meetings/{meeting.reference}/").content.decode()
    assert "Calm scores" in page and "Canary" not in page


def test_a_live_meeting_shows_the_recognition_until_its_first_item(client, ana):
    team, members = make.crew()
    meeting = make.live(make.series(team))
    item = make.item(meeting)
    recognition("Calm scores", people=[members[0]])
    secret = recognition("Canary", team=team, people=[])
    history.restrict(secret.about, [people.team().subject_id])
    page = client.get(f"/meetings/{meeting.reference}/live/").content.decode()
    assert "Calm scores" in page and "Canary" not in page
    pulse = client.get(f"/meetings/{meeting.reference}/pulse/").content.decode()
    assert "Calm scores" not in pulse  # readers of a meeting share it

    items.take_up(item, by=SYSTEM, at=meeting.starts_at)

    assert "Calm scores" not in client.get(f"/meetings/{meeting.reference}/live/").content.decode()


def test_a_live_meeting_takes_the_same_queries_with_three_recognitions_as_with_one(client, ana):
    team, members = make.crew()
    meeting = make.live(make.series(team))
    counts = []
    for _number in range(3):
        recognition(people=[members[0]])
        client.get(f"/meetings/{meeting.reference}/live/")
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/meetings/{meeting.reference}/live/")
        counts.append(len(captured))

    assert counts[0] == counts[2]


def test_a_later_meeting_shows_what_came_since_the_one_before_also_while_it_is_live_and_afterwards(ana):
    team, members = make.crew()
    series = make.series(team)
    first = make.closed(series)
    second = make.planned(series, 1)
    recognition("Before the first", people=[members[0]], at=first.started_at - timedelta(hours=1))
    recognition("Since then", people=[members[0]], at=first.started_at + timedelta(hours=1))

    def shown(meeting):
        return [row.title for row in thanks.since_last_meeting(meeting, ana, at=second.ends_at)]

    assert shown(second) == ["Since then"]
    live = make.live(series, 1)
    assert shown(live) == ["Since then"]
    assert shown(meetings.close(live, by=SYSTEM, at=second.ends_at)) == ["Since then"]
    assert "Before the first" in shown(first)
