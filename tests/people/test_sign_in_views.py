"""Sign-in, its limits, set-up, links."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from people.models import Organisation, SignInCount
from people.operations import organisation, person, sign_in
from people.states import Role
from people.views.sign_in import link_for
from tests.conftest import AT
from tests.factories import people

pytestmark = pytest.mark.django_db
WORDS = "a-long-enough-passphrase"
HERE = "/people/sign-in/"


@pytest.fixture(autouse=True)
def fast_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def ana(at):
    user = people.user("Ana", email="ana@example.org")
    person.set_password(user, WORDS, by=SYSTEM, at=at)
    return user


def enter(client, password=WORDS, email="ana@example.org", **extra):
    return client.post(HERE, {"email": email, "password": password}, **extra)


def test_the_right_password_signs_in_and_redirects(ana, client):
    answer = client.post(HERE, {"email": "ANA@example.org", "password": WORDS, "next": "/people/"})

    assert (answer.status_code, answer["Location"]) == (303, "/people/")
    assert client.get("/people/").status_code == 200
    assert Event.objects.filter(verb="people.signed_in", subject_id=ana.subject_id).count() == 1


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/x", "javascript:alert(1)"])
def test_nobody_is_led_away_from_here(ana, client, target):
    answer = client.post(HERE, {"email": "ana@example.org", "password": WORDS, "next": target})

    assert "evil" not in answer["Location"]
    assert "javascript" not in answer["Location"]


@pytest.mark.parametrize(
    ("sent_from", "leads_to"),
    [
        ("http://testserver/people/me/?tab=1", "/people/me/?tab=1"),
        ("http://elsewhere.example/people/me/", "/"),
        ("", "/"),
    ],
)
def test_after_a_form_the_sign_in_leads_to_the_page_of_the_form(client, sent_from, leads_to):
    """The address of the form takes no GET."""
    answer = client.post("/people/me/tokens/", headers={"Referer": sent_from})

    assert answer.status_code == 302
    assert parse_qs(urlsplit(answer["Location"]).query)["next"] == [leads_to]


def test_a_wrong_password_gives_the_same_answer_for_known_and_unknown_people(ana, client):
    known = enter(client, "wrong")
    unknown = enter(client, "wrong", "nobody@example.org")

    assert known.status_code == unknown.status_code == 422
    said = "Email or password is wrong."
    assert said in known.text
    assert said in unknown.text


def test_the_deactivated_stay_outside(ana, client, at):
    person.deactivate(ana, by=SYSTEM, at=at)

    assert enter(client).status_code == 422


def test_a_stranger_has_few_tries_and_the_owners_browser_still_gets_in(ana, client):
    assert enter(client).status_code == 303
    client.post("/people/sign-out/")
    stranger = {"REMOTE_ADDR": "203.0.113.9"}

    codes = [
        enter(Client(), "wrong", HTTP_X_FORWARDED_FOR=f"198.51.100.{n}", **stranger).status_code
        for n in range(20)
    ]

    assert codes.count(422) == sign_in.OF_ONE_NETWORK
    refused = enter(Client(), **stranger)
    assert refused.status_code == 429
    assert refused["Retry-After"] == "900"
    assert enter(client, **stranger).status_code == 303  # her browser, even from the stranger's network
    assert enter(Client(), REMOTE_ADDR="127.0.0.1").status_code == 303  # a network she is known to use
    assert enter(Client(), REMOTE_ADDR="192.0.2.77").status_code == 303  # and another network


def test_many_networks_together_get_no_more_than_ten_tries(ana, client):
    enter(client)
    codes = [enter(Client(), "wrong", REMOTE_ADDR=f"203.0.{n}.9").status_code for n in range(30)]
    codes += [enter(Client(), "wrong").status_code for _ in range(10)]

    assert codes.count(422) == sign_in.OF_STRANGERS + sign_in.OF_KNOWN_NETWORK == 10
    assert enter(client).status_code in {302, 303}


def test_a_forged_device_cookie_opens_no_budget(ana):
    forged = Client()
    forged.cookies["device"] = f"abc:{ana.pk}:forged"

    codes = [enter(forged, "wrong", REMOTE_ADDR="203.0.113.9").status_code for _ in range(9)]

    assert codes.count(422) == sign_in.OF_ONE_NETWORK


def test_any_fifteen_minutes_count_not_those_of_the_clock(at):
    def tries(moment):
        made = 0
        for _ in range(20):
            try:
                sign_in.count_try("a@b.org", network="n", at=moment)
            except Refused:
                break
            made += 1
        return made

    start = at + timedelta(minutes=14, seconds=59)
    assert tries(start) == sign_in.OF_ONE_NETWORK
    assert tries(start + timedelta(minutes=5)) == 0
    assert tries(start + timedelta(minutes=14, seconds=59)) == 0
    assert tries(start + timedelta(minutes=21)) == sign_in.OF_ONE_NETWORK


def test_old_counts_are_forgotten(at):
    sign_in.count_try("a@b.org", network="n", at=at)

    assert sign_in.forget_old(at=at + timedelta(hours=1)) == 3
    assert SignInCount.objects.get().key.startswith("tried:")
    assert sign_in.forget_old(at=at + timedelta(hours=25)) == 1


def test_a_fresh_browser_gets_in_while_several_networks_hammer_the_account(ana, move_clock):
    """From the second quarter of an hour on, continued tries have used up the share of unknown networks."""
    hostile = [f"203.0.{n}.9" for n in range(3)]
    passed = []
    for quarter in range(4):
        move_clock(AT + timedelta(minutes=21 * quarter))
        codes = [enter(Client(), "wrong", REMOTE_ADDR=where).status_code for where in hostile * 4]
        passed.append(codes.count(422))

    assert passed == [6, 4, 4, 4]
    assert enter(Client(), REMOTE_ADDR=hostile[0]).status_code == 429
    mistyped = enter(Client(), "wrong", REMOTE_ADDR="192.0.2.77")
    assert mistyped.status_code == 422
    assert enter(Client(), REMOTE_ADDR="192.0.2.77").status_code == 303


def sign_in_page(password):
    """Return a browser that opened the sign-in page, and a function that submits its form."""
    browser = Client(enforce_csrf_checks=True)
    token = browser.get(HERE).context["csrf_token"]

    def submit(password=password):
        fields = {"email": "ana@example.org", "password": password, "csrfmiddlewaretoken": str(token)}
        return browser.post(HERE, fields).status_code

    return submit


def test_a_fresh_browser_gets_in_while_another_of_its_network_hammers_the_account(ana):
    hammer, owner = sign_in_page("wrong"), sign_in_page(WORDS)

    codes = [hammer() for _ in range(30)]

    assert codes.count(422) == sign_in.OF_ONE_NETWORK
    assert owner("mistyped") == 422
    assert owner() == 303


def test_fresh_browsers_share_two_further_tries_of_their_network(ana):
    codes = [sign_in_page("wrong")() for _ in range(12)]

    assert codes.count(422) == sign_in.OF_ONE_NETWORK + sign_in.FOR_FRESH_BROWSERS


def test_networks_that_wait_a_day_between_tries_still_share_ten_tries(ana, move_clock):
    enter(Client())
    move_clock(AT + timedelta(days=2))
    codes = [enter(Client(), "wrong", REMOTE_ADDR=f"203.0.{n % 30}.9").status_code for n in range(90)]
    codes += [enter(Client(), "wrong").status_code for _ in range(10)]

    assert codes.count(422) == 10


@pytest.mark.django_db(transaction=True)
def test_a_thousand_parallel_tries_pass_no_more_than_the_budget(at):
    def one(n):
        try:
            sign_in.count_try("a@b.org", network=f"n{n % 50}", at=at)
        except Refused:
            return 0
        finally:
            connection.close()
        return 1

    with ThreadPoolExecutor(12) as pool:
        passed = sum(pool.map(one, range(1000)))

    assert passed == sign_in.OF_STRANGERS


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8::1", "2001:db8::/64"),
        ("x", "unknown"),
    ],
)
def test_networks(address, network):
    assert sign_in.network_of(address) == network


def test_behind_a_proxy_only_what_the_proxy_wrote_counts(ana, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    codes = [
        enter(Client(), "wrong", HTTP_X_FORWARDED_FOR=f"10.{n}.0.1, 203.0.113.9").status_code
        for n in range(9)
    ]

    assert codes.count(422) == sign_in.OF_ONE_NETWORK


def test_sign_out_is_a_post(ana, client):
    client.force_login(ana)

    assert client.get("/people/sign-out/").status_code == 405
    client.post("/people/sign-out/")
    assert client.get("/people/").status_code == 302


def test_set_up_makes_the_organisation_and_signs_in(client, at):

    address = reverse("people:set_up", args=[organisation.make_link(at=AT)])
    fields = {
        "name": "Northwind",
        "time_zone": "Europe/Berlin",
        "person_name": "Ana",
        "email": "ana@example.org",
    }

    assert client.get(address).status_code == 200
    assert client.post(address, {**fields, "password": "short"}).status_code == 422
    assert (
        client.post(reverse("people:set_up", args=["0" * 64]), {**fields, "password": WORDS}).status_code
        == 422
    )
    assert client.post(address, {**fields, "password": WORDS}).status_code == 303

    assert Organisation.objects.get().name == "Northwind"
    assert client.get("/people/settings/").status_code == 200
    assert Client().get(address).status_code == 302


def test_a_link_sets_a_password_once(client, at):
    boss, user = people.user(role=Role.ADMINISTRATOR), people.user("Ben")
    person.set_password(boss, WORDS, by=Actor(None, "page"), at=at)
    client.force_login(boss)
    client.post("/people/me/confirm/", {"password": WORDS})
    page = client.post(reverse("people:person_link", args=[user.pk]))
    assert "/people/password/" in page.text
    address = link_for(user).partition("://")[2].partition("/")[2]
    theirs = Client()

    assert theirs.get("/" + address).status_code == 200
    assert theirs.post("/" + address, {"password": WORDS, "again": "other"}).status_code == 422
    assert theirs.post("/" + address, {"password": WORDS, "again": WORDS}).status_code == 303
    assert theirs.get("/people/me/").status_code == 200
    assert theirs.get("/" + address).status_code == 404
    assert Event.objects.filter(verb="people.password_link_made", actor=boss.subject).count() == 1


def test_a_link_ends_when_the_person_is_deactivated(client, at):
    people.user(role=Role.ADMINISTRATOR)
    user = people.user("Ben")
    address = "/" + link_for(user).partition("://")[2].partition("/")[2]
    person.deactivate(user, by=Actor(None, "page"), at=at)

    assert client.get(address).status_code == 404
