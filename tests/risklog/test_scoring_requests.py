"""Who is asked to score is told by inbox, mail and My week, until they have scored or the round is over."""

from datetime import timedelta

import pytest

from history import relay
from kit.actor import SYSTEM, Actor
from notices.models import Entry, Message
from notices.operations import message
from notices.queries import digest
from notices.states import MessageState
from people.operations import person as persons
from riskhub import schedule
from risklog.operations import scoring
from tests.conftest import AT
from tests.factories import people, risks

pytestmark = pytest.mark.django_db
ENDS_ON = (AT + timedelta(days=3)).date()


@pytest.fixture
def asked():
    return [
        people.user("Ana", function=people.function("data-science")),
        people.user("Ben", function=people.function("engineering")),
        people.user("Cyd", function=people.function("risk-management")),
    ]


@pytest.fixture
def risk(asked):
    found = risks.risk("Scores drift", description="Seen in two cohorts")
    scoring.start(found, users=asked, ends_on=ENDS_ON, by=SYSTEM, at=AT)
    relay.relay(at=AT)
    return found


def score(risk, person):
    scoring.score(risk, likelihood=4, impact=2, by=Actor(person, "page"), at=AT)


def my_week(client, person) -> str:
    client.force_login(person)
    return client.get("/").content.decode()


def mailed(person) -> Message:
    message.send_due(at=AT)
    return Message.objects.get(user=person, verb="risklog.scoring_started")


def test_the_request_is_in_the_inbox_and_in_a_mail_that_leads_to_the_form(settings, risk, asked):
    settings.IS_MAIL_KEPT = True
    people.user("Adam Admin", role="administrator")

    mail = mailed(asked[0])

    assert Entry.objects.get(user=asked[0]).why == "Your score is requested"
    assert mail.state == MessageState.DONE
    assert f"/risks/{risk.reference}/scoring/" in mail.sent_html
    assert "Seen in two cohorts" in mail.sent_html
    assert "Score requested: Scores drift" in mail.sent_title


def test_my_week_has_it_until_the_person_has_scored(client, risk, asked):
    assert f'href="/risks/{risk.reference}/scoring/"' in my_week(client, asked[0])
    assert "Nothing is waiting for you" not in my_week(client, asked[0])

    score(risk, asked[0])

    assert "Nothing is waiting for you" in my_week(client, asked[0])
    assert f'href="/risks/{risk.reference}/scoring/"' in my_week(client, asked[1])


def test_my_week_has_it_until_the_reveal(client, risk, asked):
    score(risk, asked[0])
    scoring.reveal(risk, by=SYSTEM, at=AT)

    assert "Nothing is waiting for you" in my_week(client, asked[1])


def test_the_digest_has_it(risk, asked):
    content = digest.content_for(asked[0], since=AT - timedelta(days=7), at=AT)

    mine = next(section for section in content["sections"] if section["key"] == "mine")
    assert [(line["title"], line["badge"]) for line in mine["lines"]] == [("Scores drift", "Score")]


def test_a_stand_in_is_told_for_whom(client, risk, asked):
    stand_in = people.user("Stan")
    persons.be_away(asked[0], from_on=AT.date(), until_on=ENDS_ON, stand_in=stand_in, by=SYSTEM, at=AT)
    schedule.act(AT)

    entry = Entry.objects.get(user=stand_in, event__verb="risklog.scoring_asked")
    assert entry.why == "Your score is requested as the stand-in for Ana, who is away"
    assert "for Ana, who is away" in my_week(client, stand_in)
