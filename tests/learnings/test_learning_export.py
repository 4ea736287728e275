"""The saved views and the export of the list of learnings."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kit.actor import SYSTEM
from people.operations import token
from tests.conftest import AT
from tests.factories import catalogue, learnings, people, risks

pytestmark = pytest.mark.django_db
LIST = "/learnings/"


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana")
    client.force_login(person)
    return person


def exported(client, query=""):
    answer = client.get(f"{LIST}export/?format=json{query}")
    assert answer.status_code == 200, answer
    return json.loads(answer.getvalue())


def titles(rows):
    return [row["title"] for row in rows]


def test_the_page_offers_an_export_in_its_own_order(client, ana):
    learnings.published("Older", tags=["drift"], verdict="worked", model=catalogue.model(name="Scorer"))
    learnings.published("Newer", at=AT + timedelta(days=1))
    learnings.draft("Mine", author=ana)
    learnings.draft("Not mine", author=people.user())

    (_, csv), _, (_, as_json) = client.get(LIST).context["exports"]
    rows = json.loads(client.get(as_json).getvalue())
    assert titles(rows) == ["Newer", "Older"]
    assert (rows[1]["tags"], rows[1]["verdict"], rows[1]["model"]) == (["drift"], "worked", "Scorer")
    assert "Worked" in client.get(csv).getvalue().decode()
    assert titles(exported(client, "&show=drafts")) == ["Mine"]
    assert titles(exported(client, "&tag=drift")) == ["Older"]


def test_the_export_takes_the_same_queries_for_one_row_and_for_three(client, ana):
    counts = []
    for number in range(3):
        learnings.published(about=risks.risk().subject, model=catalogue.model())
        with CaptureQueriesContext(connection) as captured:
            assert len(exported(client)) == number + 1
        counts.append(len(captured))

    assert counts[0] == counts[2]


@pytest.mark.parametrize("is_api", [False, True])
def test_what_the_reader_may_not_see_is_in_no_export(client, ana, is_api):
    team = people.team()
    model = catalogue.model(name="Secret scorer", viewers=[team.subject_id])
    risk = risks.restricted("Secret risk", team)
    hidden = learnings.published("Hidden lesson", about=risk.subject)
    member = people.user(teams=[team])

    def texts(person):
        if not is_api:
            client.force_login(person)
            return client.get(f"{LIST}export/?format=csv").getvalue().decode()
        _, text = token.issue(person, name="Tests", scope="read", by=SYSTEM, at=AT)
        headers = {"Authorization": f"Bearer {text}"}
        return client.get("/api/v1/learnings/export?format=csv", headers=headers).getvalue().decode()

    learnings.published("Open lesson", model=model)
    for person, is_shown in ((ana, False), (member, True)):
        found = texts(person)
        assert "Open lesson" in found
        for word in (hidden.reference, "Hidden lesson", risk.reference, "Secret scorer"):
            assert (word in found) is is_shown, word


def test_views_are_tabs_and_their_filters_stay_when_the_list_is_searched(client, ana):
    learnings.published("Failed", verdict="did_not")
    learnings.published("Open")
    page = client.get(f"{LIST}?verdict=did_not")
    text = page.content.decode()

    assert titles_of(page) == ["Failed"]
    assert 'name="verdict" value="did_not"' in text and 'aria-current="true"' in text
    assert page.context["save_url"] == ""  # a built-in view is the same
    assert "list=learnings" in client.get(f"{LIST}?verdict=worked").context["save_url"]
    counts = client.get("/views/counts/learnings/").content.decode()
    assert "count-drafts" in counts and "count-unread" in counts


def titles_of(page):
    return [row.title for row in page.context["page"].rows]
