"""The first sign-in: teams, time zone and mails, asked once."""

import pytest

from history import relay
from history.models import Event
from notices.models import Entry
from people.models import Membership, User
from people.operations import organisation
from people.operations import person as persons
from people.views.sign_in import link_for
from tests.factories import people
from tests.factories.risks import SYSTEM

pytestmark = pytest.mark.django_db
PASSWORD = "a whole sentence works well"


@pytest.fixture
def ana(at):
    organisation.found(name="Northwind", by=SYSTEM, at=at)
    return persons.add(name="Ana", email="ana@example.org", by=SYSTEM, at=at)


def sign_in(client):
    return client.post("/people/sign-in/", {"email": "ana@example.org", "password": PASSWORD})


def test_the_first_sign_in_leads_to_the_questions_and_the_second_does_not(client, ana):
    link = link_for(ana).split("/", 3)[3]
    first = client.post(f"/{link}", {"password": PASSWORD, "again": PASSWORD})
    assert first["Location"] == "/people/me/welcome/?next=%2F"
    page = client.get(first["Location"]).content.decode()
    assert "Skip" in page

    client.post("/people/sign-out/")

    assert sign_in(client)["Location"] == "/"


def test_the_answers_change_the_profile_and_ask_the_leads(client, ana, at):
    lead = people.user("Lea")
    fraud, growth = people.team("Fraud", lead=lead), people.team("Growth")
    client.force_login(ana)
    person = User.objects.get(pk=ana.pk)
    sent = {"teams": [fraud.pk], "time_zone": "Asia/Tokyo", "next": "/risks/"}

    answer = client.post("/people/me/welcome/", {**sent, "version": person.version})

    assert (answer.status_code, answer["Location"]) == (303, "/risks/")
    person.refresh_from_db()
    assert (person.time_zone, person.is_digest_wanted) == ("Asia/Tokyo", False)
    assert not Membership.objects.filter(user=ana).exists()  # the lead decides
    relay.relay(at=at)
    assert Entry.objects.get(user=lead).why == "A person asks to join your team"
    assert not Event.objects.filter(subject=growth.subject, verb="people.membership_requested").exists()


def test_a_second_press_asks_the_lead_once(client, ana):
    fraud = people.team("Fraud", lead=people.user("Lea"))
    client.force_login(ana)
    sent = {"teams": [fraud.pk], "is_digest_wanted": "on", "version": User.objects.get(pk=ana.pk).version}
    for _ in range(2):
        assert client.post("/people/me/welcome/", sent).status_code == 303

    assert Event.objects.filter(verb="people.membership_requested").count() == 1


def test_an_address_elsewhere_is_not_followed(client, ana):
    client.force_login(ana)
    page = client.get("/people/me/welcome/?next=https://evil.example/").content.decode()

    assert '<a class="button button-quiet" href="/">Skip</a>' in page


def test_an_unknown_time_zone_is_refused_by_name(client, ana):
    client.force_login(ana)
    sent = {"time_zone": "Mars/Olympus", "version": User.objects.get(pk=ana.pk).version}

    answer = client.post("/people/me/welcome/", sent)

    assert answer.status_code == 422
    assert "Mars/Olympus is not one of the available choices" in answer.content.decode()
