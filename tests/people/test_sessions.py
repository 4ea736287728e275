"""Sessions: those from before allauth go on, and each is noted when it begins."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client

from history.models import Event
from kit.actor import SYSTEM
from people.operations import person, service_account, session, token
from people.queries import sessions
from tests.conftest import AT
from tests.factories import people

pytestmark = pytest.mark.django_db
WORDS = "a-long-enough-passphrase"
STATEMENTS, OF_PAGE = 5, 8  # of a small page, and of the page with the sessions


@pytest.fixture(autouse=True)
def organisation(db):
    return people.organisation()


def session_from_before(user):
    """Return a browser with a session as Riskhub wrote it before it used allauth."""
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "people.authentication.PasswordBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    browser = Client()
    browser.cookies[settings.SESSION_COOKIE_NAME] = store.session_key
    return browser


def test_a_session_from_before_goes_on(at):
    ana = people.user("Ana")

    page = session_from_before(ana).get("/people/me/")

    assert page.status_code == 200
    assert "Ana" in page.text


def test_a_session_that_is_over_or_unknown_is_signed_out(at):
    browser = session_from_before(people.user("Ana"))
    Session.objects.update(expire_date=at - timedelta(seconds=1))

    over = browser.get("/people/me/")
    browser.cookies[settings.SESSION_COOKIE_NAME] = "x" * 32
    unknown = browser.get("/people/me/")

    assert [over.status_code, unknown.status_code] == [302, 302]


def test_a_sign_in_is_noted_with_its_browser_and_address(client, at):
    ana = people.user("Ana")
    client.force_login(ana)

    noted = UserSession.objects.get(user=ana)

    assert noted.session_key == client.session.session_key
    assert noted.created_at == at


def test_the_address_of_allauth_follows_that_of_the_person(at):
    ana = person.add(name="Ana", email="ana@example.org", by=SYSTEM, at=at)
    person.change(ana, {"email": "Ana.New@example.org"}, by=SYSTEM, at=at)

    row = EmailAddress.objects.get(user=ana)

    assert (row.email, row.verified, row.primary) == ("ana.new@example.org", True, True)


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19.0 Safari/604"
HERE = "/people/me/security/"


def signed_in(user, agent=FIREFOX):
    """Return a browser in which this person has a session."""
    browser = Client(HTTP_USER_AGENT=agent)
    browser.force_login(user)
    stored = browser.session  # the test client signs in without a request, so the agent is not known yet
    stored["seen_at"] = 0
    stored.save()
    browser.get("/people/me/")
    return browser


def test_a_session_from_before_is_listed_from_its_next_request_on(at):
    ana = people.user("Ana")
    browser = session_from_before(ana)

    browser.get(HERE)

    assert "this one" in browser.get(HERE).text


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (FIREFOX, "Firefox on Linux"),
        (PHONE, "Safari on iPhone"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/140.0 Safari/537 Edg/140.0",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Chrome/140.0 Safari/537", "Chrome on macOS"),
        ("curl/8.5.0", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_session_is_called_what_people_call_the_browser(agent, device):
    assert sessions.device_of(agent) == device


def test_an_address_that_a_proxy_made_up_is_noted_as_unknown(settings, at):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ana = people.user("Ana")
    person.set_password(ana, WORDS, by=SYSTEM, at=at)
    fields = {"email": ana.email, "password": WORDS}

    answer = Client(HTTP_X_FORWARDED_FOR="10.0.0.1:4711").post("/people/sign-in/", fields)

    assert answer.status_code == 303
    assert UserSession.objects.get().ip == "0.0.0.0"  # noqa: S104 - no address to listen on


def test_whoever_only_asks_for_a_passkey_has_a_short_session_and_a_long_one_after_the_sign_in(at):
    ana = people.user("Ana")
    person.set_password(ana, WORDS, by=SYSTEM, at=at)
    browser = Client()
    browser.get("/people/sign-in/passkey/")
    assert browser.session.get_expiry_age() == 15 * 60

    browser.post("/people/sign-in/", {"email": ana.email, "password": WORDS})

    assert browser.session.get_expiry_age() == settings.SESSION_COOKIE_AGE


def test_one_session_is_ended_from_another(at):
    ana = people.user("Ana")
    here, phone = signed_in(ana), signed_in(ana, PHONE)
    page = here.get(HERE).text
    assert "Firefox on Linux" in page and "Safari on iPhone" in page
    row = UserSession.objects.get(session_key=phone.session.session_key)

    assert here.post(f"{HERE}sessions/{row.pk}/end/").status_code == 303

    assert phone.get("/people/me/").status_code == 302
    assert here.get("/people/me/").status_code == 200
    assert Event.objects.get(verb="people.sessions_ended").data["number"] == 1


def test_ending_the_others_ends_those_from_before_too(at):
    ana, ben = people.user("Ana"), people.user("Ben")
    here, phone, old = signed_in(ana), signed_in(ana, PHONE), session_from_before(ana)
    of_ben, old_of_ben = signed_in(ben), session_from_before(ben)

    here.post(f"{HERE}sessions/end/")

    assert [one.get("/people/me/").status_code for one in (here, phone, old)] == [200, 302, 302]
    assert [one.get("/people/me/").status_code for one in (of_ben, old_of_ben)] == [200, 200]
    assert Event.objects.get(verb="people.sessions_ended").data["number"] == 2


def test_nobody_ends_the_session_of_another(at):
    ana, ben = signed_in(people.user("Ana")), signed_in(people.user("Ben"))
    row = UserSession.objects.get(session_key=ana.session.session_key)

    assert ben.post(f"{HERE}sessions/{row.pk}/end/").status_code == 404
    assert ben.delete(f"/api/v1/me/sessions/{row.pk}").status_code == 404
    assert ana.get("/people/me/").status_code == 200


def test_deactivation_ends_the_sessions_at_once(at):
    ana = people.user("Ana")
    browsers = [signed_in(ana), session_from_before(ana)]

    person.deactivate(ana, by=SYSTEM, at=at)

    assert [one.get("/people/me/").status_code for one in browsers] == [302, 302]
    assert not Session.objects.exists()
    assert not UserSession.objects.exists()


def test_after_a_change_of_the_password_only_this_session_is_left(at):
    ana = people.user("Ana")
    person.set_password(ana, WORDS, by=SYSTEM, at=at)
    here, phone = signed_in(ana), signed_in(ana, PHONE)
    fields = {"current": WORDS, "password": "another whole sentence", "again": "another whole sentence"}

    assert here.post("/people/me/password/", fields).status_code == 303

    assert phone.get("/people/me/").status_code == 302
    assert here.get("/people/me/").status_code == 200
    assert [row.user_agent for row in UserSession.objects.all()] == [FIREFOX]


def test_a_used_session_is_noted_once_an_hour(move_clock, django_assert_num_queries):
    browser = signed_in(people.user("Ana"))
    page = "/people/me/notifications/"
    browser.get(page)
    move_clock(AT + timedelta(minutes=59))
    with django_assert_num_queries(STATEMENTS):
        browser.get(page)
    assert UserSession.objects.get().last_seen_at == AT
    move_clock(AT + timedelta(minutes=61))
    browser.get(page)

    assert UserSession.objects.get().last_seen_at == AT + timedelta(minutes=61)
    with django_assert_num_queries(STATEMENTS):
        browser.get(page)


def test_rows_of_ended_sessions_are_forgotten(at):
    browser = signed_in(people.user("Ana"))
    signed_in(people.user("Ben"))
    browser.post("/people/sign-out/")

    assert session.forget_ended() == 1
    assert UserSession.objects.count() == 1


@pytest.mark.parametrize("number", [1, 3])
def test_the_page_needs_as_many_statements_for_one_session_as_for_three(number, django_assert_num_queries):
    ana = people.user("Ana")
    browsers = [signed_in(ana) for _ in range(number)]

    with django_assert_num_queries(OF_PAGE):
        page = browsers[0].get(HERE)

    assert page.text.count("End the session") == number


def test_the_api_lists_and_ends_sessions(at):
    ana = people.user("Ana")
    here, phone = signed_in(ana), signed_in(ana, PHONE)
    found = here.get("/api/v1/me/sessions").json()
    assert found["count"] == 2
    rows = {row["device"]: row for row in found["results"]}
    assert (rows["Firefox on Linux"]["is_current"], rows["Safari on iPhone"]["is_current"]) == (True, False)
    assert here.session.session_key not in str(found)

    assert here.delete(f"/api/v1/me/sessions/{rows['Safari on iPhone']['id']}").status_code == 204
    assert phone.get("/people/me/").status_code == 302
    again = signed_in(ana, PHONE)
    assert here.delete("/api/v1/me/sessions").status_code == 204
    assert again.get("/people/me/").status_code == 302
    assert here.get("/people/me/").status_code == 200


def test_a_token_ends_all_sessions_of_its_owner(at):
    ana = people.user("Ana")
    browser = signed_in(ana)
    _, text = token.issue(ana, name="laptop", scope="write", by=SYSTEM, at=at)

    answer = Client().delete("/api/v1/me/sessions", headers={"Authorization": f"Bearer {text}"})

    assert answer.status_code == 204
    assert browser.get("/people/me/").status_code == 302


def test_me_says_who_and_with_which_token(at):
    ana = people.user("Ana", teams=[people.team("Fraud")])
    made, text = token.issue(ana, name="laptop", scope="read", by=SYSTEM, at=at)
    headers = {"Authorization": f"Bearer {text}"}

    me = Client().get("/api/v1/me", headers=headers)

    assert me.json()["email"] == ana.email
    assert [team["slug"] for team in me.json()["teams"]] == ["fraud"]
    assert (me.json()["token"]["id"], me.json()["token"]["scope"]) == (made.pk, "read")
    body = {"name": "Ana B"}
    refused = Client().patch("/api/v1/me", body, content_type="application/json", headers=headers)
    assert refused.status_code == 403


def test_me_of_a_service_account(at):
    robot = service_account.add(
        name="Scorer", purpose="Scores", responsible=people.user("Ana"), by=SYSTEM, at=at
    )
    _, text = token.issue(robot, name="t", scope="write", by=SYSTEM, at=at)
    headers = {"Authorization": f"Bearer {text}"}

    me = Client().get("/api/v1/me", headers=headers)

    assert (me.status_code, me.json()["name"], me.json()["teams"]) == (200, "Scorer", [])
    assert (
        Client().patch("/api/v1/me", {}, content_type="application/json", headers=headers).status_code == 403
    )


def test_me_is_changed_at_the_version_that_was_read(at):
    browser = signed_in(people.user("Ana"))
    me = browser.get("/api/v1/me")
    assert me.json()["token"] is None
    body = {"name": "Ana B", "theme": "dark", "time_zone": "Asia/Tokyo"}

    def change(body, **headers):
        return browser.patch("/api/v1/me", body, content_type="application/json", headers=headers)

    assert change(body).status_code == 428
    changed = change(body, **{"If-Match": me["ETag"]})
    assert changed.status_code == 200
    assert (changed.json()["name"], changed.json()["theme"]) == ("Ana B", "dark")
    assert change(body, **{"If-Match": me["ETag"]}).status_code == 412
    wrong = change({"time_zone": "Mars/Olympus"}, **{"If-Match": changed["ETag"]})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "time_zone")
    role = change({"role": "administrator"}, **{"If-Match": changed["ETag"]})
    assert (role.status_code, role.json()["errors"][0]["field"]) == (400, "role")
