"""Invitations by email: sent, accepted once, sent again, withdrawn; and the sign-up that a setting allows."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client

from history.models import Event
from kit.actor import Actor
from kit.refusals import Refused
from notices.models import Message
from people.models import Invitation, Membership, User
from people.operations import invitation, person
from people.states import InvitationState, Role
from tests.conftest import AT
from tests.factories import people
from tests.people.mails import link_in, main_of, sent

pytestmark = pytest.mark.django_db
STATEMENTS = 6  # of the list, whatever its length
WORDS = "a-long-enough-passphrase"
LIST = "/people/invitations/"


@pytest.fixture
def boss(at):
    people.organisation(is_sample=False)
    return people.user("Olu", role=Role.ADMINISTRATOR)


def invite(boss, *addresses, **values):
    return invitation.invite(addresses or ["ben@example.org"], **values, by=Actor(boss, "page"), at=AT)


def accept(address, name="Ben"):
    browser = Client()
    return browser, browser.post(address, {"name": name, "password": WORDS, "again": WORDS})


def test_an_invited_person_chooses_name_and_password_and_is_welcomed(boss, client, settings, at):
    fraud, science = people.team("Fraud"), people.function()
    client.force_login(boss)
    fields = {
        "addresses": "Ben@example.org",
        "role": "risk_manager",
        "function": science.pk,
        "teams": [fraud.pk],
    }
    assert client.post(f"{LIST}new/", fields)["Location"] == LIST
    ((to, title, text, _),) = sent(settings, at)
    address = link_in(text)

    assert (to, title) == ("ben@example.org", "Your invitation to Riskhub at Northwind")
    assert "Olu invited you" in Client().get(address).text
    browser, answer = accept(address)

    assert answer["Location"] == "/people/me/welcome/?next=%2F"
    ben = User.objects.get(email="ben@example.org")
    assert (ben.name, ben.role, ben.function) == ("Ben", "risk_manager", science)
    assert Membership.objects.filter(user=ben, team=fraud).exists()
    assert browser.get("/people/me/").status_code == 200
    assert Invitation.objects.get().person == ben
    assert Client().get(address).status_code == 404
    verbs = ["people.invitation_sent", "people.invitation_accepted"]
    events = Event.objects.filter(subject=Invitation.objects.get().subject).order_by("pk")
    assert list(events.values_list("verb", flat=True)) == verbs
    assert "ben@example.org" not in str(list(events.values_list("data", flat=True)))


def test_several_are_invited_at_once_and_all_or_none(boss, client, settings, at):
    client.force_login(boss)
    several = "a@example.org, b@example.org\nc@example.org"
    wrong = client.post(f"{LIST}new/", {"addresses": several + "\nnot-an-address", "role": "member"})
    assert wrong.status_code == 422
    assert "“not-an-address” is no email address" in wrong.text
    assert not Invitation.objects.exists()

    client.post(f"{LIST}new/", {"addresses": several + "\na@example.org", "role": "member"})

    assert {mail[0] for mail in sent(settings, at)} == {"a@example.org", "b@example.org", "c@example.org"}


def test_a_person_and_an_invited_one_are_not_invited(boss):
    invite(boss, "ben@example.org")

    with pytest.raises(Refused, match="is a person here already"):
        invite(boss, boss.email)
    with pytest.raises(Refused, match="Resend or withdraw"):
        invite(boss, "ben@example.org")


def test_resending_ends_the_earlier_link(boss, client, settings, at):
    (made,) = invite(boss)
    first = link_in(sent(settings, at)[0][2])
    client.force_login(boss)

    answer = client.post(f"{LIST}{made.pk}/resend/", {"version": made.version})
    second = link_in(sent(settings, at)[-1][2])

    assert answer.status_code == 303
    assert first != second
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200


def test_an_invitation_is_good_for_seven_days_and_may_be_sent_again(boss, settings, at, move_clock):
    (made,) = invite(boss)
    address = link_in(sent(settings, at)[0][2])
    late = AT + timedelta(days=7, seconds=1)
    move_clock(late)

    assert Client().get(address).status_code == 404
    assert made.state(late) == InvitationState.EXPIRED
    invitation.resend(made, by=Actor(boss, "page"), at=late)
    assert Client().get(link_in(sent(settings, late)[-1][2])).status_code == 200


def test_a_withdrawn_invitation_is_not_mailed_and_its_link_ends(boss, client, settings, at):
    (early,) = invite(boss, "early@example.org")
    invitation.withdraw(early, by=Actor(boss, "page"), at=at)
    assert sent(settings, at) == []
    assert Message.objects.get().error == "The invitation was withdrawn, accepted or has expired."

    (made,) = invite(boss)
    address = link_in(sent(settings, at)[0][2])
    client.force_login(boss)
    client.post(f"{LIST}{made.pk}/withdraw/", {"version": made.version})

    assert Client().get(address).status_code == 404
    with pytest.raises(Refused, match="withdrawn already"):
        invitation.resend(made, by=Actor(boss, "page"), at=at)


def test_the_invitation_of_a_former_administrator_makes_nobody_an_administrator(boss, settings, at):
    other = people.user(role=Role.ADMINISTRATOR)
    invite(boss, role=Role.ADMINISTRATOR)
    address = link_in(sent(settings, at)[0][2])
    person.set_role(boss, Role.MEMBER, by=Actor(other, "page"), at=at)

    _, answer = accept(address)

    assert answer.status_code == 422
    assert "Ask an administrator to invite you" in answer.text
    assert not User.objects.filter(email="ben@example.org").exists()


def test_a_link_that_was_pressed_twice_adds_one_person(boss, settings, at):
    invite(boss)
    address = link_in(sent(settings, at)[0][2])

    answers = [accept(address)[1].status_code for _ in range(2)]

    assert answers == [303, 404]
    assert User.objects.filter(email="ben@example.org").count() == 1


def test_only_administrators_see_who_is_invited(boss, client):
    invite(boss)
    client.force_login(people.user("Mia", role=Role.RISK_MANAGER))

    assert client.get(LIST).status_code == 403
    assert client.get("/api/v1/invitations").status_code == 403
    assert "ben@example.org" not in client.get("/search/?q=ben").text


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_needs_as_many_statements_for_one_as_for_three(
    boss, client, number, django_assert_num_queries, at
):
    invite(boss, *(f"p{n}@example.org" for n in range(number)))
    client.force_login(boss)
    client.get(LIST)

    with django_assert_num_queries(STATEMENTS):
        page = client.get(LIST)

    assert page.text.count("Withdraw the invitation of") == number


def test_the_list_filters_by_state_and_orders(boss, client, at):
    early, late = invite(boss, "a@example.org", "b@example.org")
    invitation.withdraw(early, by=Actor(boss, "page"), at=at)
    client.force_login(boss)

    page = client.get(f"{LIST}?state=open")

    assert "b@example.org" in page.text
    assert "a@example.org" not in page.text
    assert client.get(f"{LIST}?order=email").status_code == 200
    assert client.get(f"{LIST}?state=nonsense").status_code == 400
    assert late.state(at) == InvitationState.OPEN


def test_the_api_invites_resends_and_withdraws(boss, client, settings, at):
    client.force_login(boss)
    team = people.team("Fraud")
    body = {"email": "ben@example.org", "name": "Ben", "role": "viewer", "teams": [team.slug]}

    made = client.post("/api/v1/invitations", body, content_type="application/json")
    assert made.status_code == 201
    assert made.json() | {"email": "ben@example.org", "state": "open", "team_ids": [team.pk]} == made.json()
    twice = client.post("/api/v1/invitations", body, content_type="application/json")
    assert (twice.status_code, twice.json()["errors"][0]["field"]) == (422, "email")
    address = f"/api/v1/invitations/{made.json()['id']}"
    sent_json = {"content_type": "application/json"}
    assert client.post(f"{address}/resend", **sent_json).status_code == 428
    again = client.post(f"{address}/resend", headers={"If-Match": made["ETag"]}, **sent_json)
    assert again.status_code == 200
    ended = client.post(f"{address}/withdraw", headers={"If-Match": again["ETag"]}, **sent_json)
    assert ended.json()["state"] == "withdrawn"
    assert client.get("/api/v1/invitations?state=withdrawn").json()["count"] == 1
    assert "secret" not in ended.text and "nonce" not in ended.text
    assert sent(settings, at) == []


def test_nobody_signs_up_unless_a_setting_names_their_domain(boss, client, settings, at):
    assert client.get("/people/sign-up/").status_code == 404
    assert "Sign up" not in client.get("/people/sign-in/").text
    settings.SIGN_UP_DOMAINS = ["example.org"]

    assert "Sign up" in client.get("/people/sign-in/").text
    refused = client.post("/people/sign-up/", {"email": "eve@elsewhere.example"})
    assert refused.status_code == 422
    assert "Use an address of example.org" in refused.text
    known = client.post("/people/sign-up/", {"email": boss.email})
    new = client.post("/people/sign-up/", {"email": "ben@example.org"})

    assert main_of(known) == main_of(new).replace("ben@example.org", boss.email)
    ((to, _, text, _),) = sent(settings, at)
    assert to == "ben@example.org"
    accept(link_in(text))
    assert User.objects.get(email="ben@example.org").role == Role.VIEWER


def signed_up(settings, at, email="ben@example.org"):
    """Ask for an invitation. Returns the mails that follow."""
    assert Client().post("/people/sign-up/", {"email": email}).status_code == 200
    return sent(settings, at)


def test_a_sign_up_after_an_expired_invitation_gets_a_new_one(boss, settings, move_clock):
    settings.SIGN_UP_DOMAINS = ["example.org"]
    (old,) = invite(boss, role=Role.ADMINISTRATOR)
    sent(settings, AT)
    assert signed_up(settings, AT) == []  # the link is in an earlier mail
    late = AT + timedelta(days=7, seconds=1)
    move_clock(late)

    ((_, _, text, _),) = signed_up(settings, late)
    accept(link_in(text))

    assert User.objects.get(email="ben@example.org").role == Role.VIEWER
    old.refresh_from_db()
    assert old.withdrawn_at == late


def test_a_sign_up_replaces_the_invitation_of_a_former_administrator(boss, settings, at):
    settings.SIGN_UP_DOMAINS = ["example.org"]
    other = people.user(role=Role.ADMINISTRATOR)
    invite(boss, role=Role.ADMINISTRATOR)
    sent(settings, at)
    person.set_role(boss, Role.MEMBER, by=Actor(other, "page"), at=at)

    ((_, _, text, _),) = signed_up(settings, at)
    accept(link_in(text))

    assert User.objects.get(email="ben@example.org").role == Role.VIEWER


def _waits_for_a_lock():
    """Return once another transaction waits for a lock."""
    for _ in range(300):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("nothing waited for a lock")


@pytest.mark.django_db(transaction=True)
def test_a_sign_up_at_the_moment_of_an_invitation_leaves_that_one(settings, at):
    settings.SIGN_UP_DOMAINS = ["example.org"]
    boss = people.user("Olu", role=Role.ADMINISTRATOR)

    def sign_up():
        try:
            invitation.ask_for_one("ben@example.org", network="203.0.113.1", at=at)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            invite(boss)
            asked = pool.submit(sign_up)
            _waits_for_a_lock()
        asked.result()

    assert Invitation.objects.get().invited_by == boss


def test_sign_ups_are_limited_by_address(boss, client, settings):
    settings.SIGN_UP_DOMAINS = ["example.org"]

    codes = [client.post("/people/sign-up/", {"email": "ben@example.org"}).status_code for _ in range(5)]

    assert codes == [200, 200, 200, 429, 429]


def test_a_dump_has_no_usable_link(boss, settings, at):
    (made,) = invite(boss)
    secret = link_in(sent(settings, at)[0][2]).strip("/").rpartition("/")[2]
    made.refresh_from_db()

    stored = [
        made.nonce,
        bytes(made.secret_hash).hex(),
        *Message.objects.values_list("sent_text", "sent_html")[0],
    ]

    assert not any(secret in text for text in stored)
