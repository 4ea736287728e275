"""Second factors: an authenticator app, recovery codes, the roles that need one, and how one is removed."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client

from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from people.operations import person, second_factor
from people.operations import sign_in as tries
from people.queries import factors
from people.states import Role
from tests.conftest import AT
from tests.factories import people
from tests.people.mails import sent

pytestmark = pytest.mark.django_db
WITHOUT = 5  # statements of a small page
WORDS, SECRET = "a-long-enough-passphrase", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SIGN_IN, CODE, HERE = "/people/sign-in/", "/people/sign-in/code/", "/people/me/security/"


@pytest.fixture(autouse=True)
def fast_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def code(steps=0):
    """Return what an app with this secret shows now, or some half minutes later."""
    return format_hotp_value(hotp_value(SECRET, int(AT.timestamp()) // 30 + steps))


@pytest.fixture
def ana(at):
    people.organisation()
    user = people.user("Ana", email="ana@example.org")
    person.set_password(user, WORDS, by=SYSTEM, at=at)
    return user


def add_app(user):
    """Return the recovery codes. The code that is used up is the one of the half minute before."""
    by = Actor(user, "page")
    return second_factor.add_app(user, SECRET, code(-1), now=AT, by=by, at=AT)


def enter(browser, password=WORDS, email="ana@example.org", **extra):
    return browser.post(SIGN_IN, {"email": email, "password": password}, **extra)


def entered(**extra):
    """Return a browser in which Ana gave her password."""
    browser = Client()
    assert enter(browser, **extra)["Location"] == CODE
    return browser


def test_with_an_app_the_password_alone_opens_nothing(ana):
    add_app(ana)
    browser = Client()

    answer = browser.post(SIGN_IN, {"email": ana.email, "password": WORDS, "next": "/people/"})

    assert answer["Location"] == CODE
    assert browser.get("/people/me/").status_code == 302
    assert browser.get("/api/v1/people").status_code == 401
    assert not Event.objects.filter(verb="people.signed_in").exists()
    assert browser.post(CODE, {"code": code()})["Location"] == "/people/"
    assert browser.get("/people/me/").status_code == 200
    assert Event.objects.filter(verb="people.signed_in").count() == 1


def test_the_page_of_the_code_needs_the_password_first(ana):
    add_app(ana)

    assert Client().get(CODE)["Location"] == SIGN_IN
    assert Client().post(CODE, {"code": code()})["Location"] == SIGN_IN


def test_a_code_works_once_in_all_processes(ana):
    add_app(ana)
    now = code()
    assert entered().post(CODE, {"code": now}).status_code == 303

    again = entered().post(CODE, {"code": now})

    assert again.status_code == 422
    assert "used already" in again.text


@pytest.mark.parametrize(("steps", "status"), [(-2, 422), (0, 303), (1, 303), (2, 422)])
def test_a_code_is_good_for_its_half_minute_and_a_neighbour(ana, steps, status):
    add_app(ana)

    assert entered().post(CODE, {"code": code(steps)}).status_code == status


def test_guessing_codes_has_a_budget_and_the_owner_still_gets_in(ana, client):
    """Somebody has the password. They have ten guesses in 15 minutes at most, from any number of networks."""
    add_app(ana)
    assert enter(client)["Location"] == CODE
    assert client.post(CODE, {"code": code()}).status_code == 303
    client.post("/people/sign-out/")
    answers = []
    for number in range(15):
        where = {"REMOTE_ADDR": f"203.0.{number}.9"}
        browser = entered(**where)
        answers += [browser.post(CODE, {"code": "000000"}, **where) for _ in range(2)]
        enter(client)  # the owner, whose right passwords cost nothing

    codes = [one.status_code for one in answers]
    assert codes.count(422) <= tries.OF_STRANGERS + tries.OF_KNOWN_NETWORK
    assert codes.count(429) == len(codes) - codes.count(422)
    assert answers[-1]["Retry-After"] == "900"
    assert client.post(CODE, {"code": code(1)}).status_code == 303


JUNK = (
    "",
    "{}",
    "[]",
    "null",
    '"x"',
    "not json",
    '{"response": {"userHandle": "MQ"}}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"userHandle": "!", "signature": "AA",'
    ' "authenticatorData": "AA", "clientDataJSON": "AA"}}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"userHandle": "MQ", "signature": "AA",'
    ' "authenticatorData": "' + "A" * 60 + '", "clientDataJSON": "e30"}}',
)


@pytest.mark.parametrize("credential", JUNK)
def test_what_is_no_passkey_signs_nobody_in(ana, credential):
    browser = Client()
    assert browser.get("/people/sign-in/passkey/").json()["publicKey"]["userVerification"] == "required"

    answer = browser.post("/people/sign-in/passkey/", {"credential": credential})

    assert answer.status_code == 422
    assert "This passkey did not work here" in answer.text
    add_app(ana)
    second = entered().post(CODE, {"credential": credential})
    assert second.status_code == 422


def test_passkeys_are_tried_a_limited_number_of_times_from_one_network(ana):
    codes = [Client().post("/people/sign-in/passkey/", {"credential": "{}"}).status_code for _ in range(33)]

    assert codes == [422] * 30 + [429] * 3
    elsewhere = Client().post("/people/sign-in/passkey/", {"credential": "{}"}, REMOTE_ADDR="203.0.113.9")
    assert elsewhere.status_code == 422


def test_recovery_codes_share_the_budget_and_work_once(ana, settings, at):
    first, *_ = add_app(ana)
    browser = entered()

    assert browser.post(CODE, {"code": f"{first[:4]} {first[4:]}"}).status_code == 303
    assert entered().post(CODE, {"code": first}).status_code == 422
    assert factors.codes_left(ana) == 9
    event = Event.objects.get(verb="people.recovery_code_used")
    assert event.data["left"] == 9
    told = [mail for mail in sent(settings, at) if mail[1].startswith("A recovery code was used")]
    assert len(told) == 1
    assert "9 recovery codes left" in told[0][2]
    wrong = [entered().post(CODE, {"code": f"1234567{n}"}).status_code for n in range(9)]
    assert wrong.count(422) <= tries.OF_KNOWN_NETWORK


def test_a_dump_has_no_usable_secret(ana):
    codes = add_app(ana)

    stored = str(list(Authenticator.objects.values_list("data", flat=True)))

    assert SECRET not in stored
    assert not any(one in stored for one in codes)
    events = str(list(Event.objects.values_list("data", flat=True)))
    assert SECRET not in events
    assert not any(one in events for one in codes)


def test_another_secret_key_reads_no_app_and_says_so(ana, settings):
    add_app(ana)
    settings.SECRET_KEY = "another-key-0123456789-0123456789-0123456789-01234567"

    with pytest.raises(Refused, match="SECRET_KEY changed"):
        second_factor.use_code(ana, code(), now=AT, by=Actor(ana, "page"), at=AT)


def test_an_app_is_added_by_its_code_and_its_codes_are_shown_once(ana, client, settings, at):
    assert enter(client).status_code == 303
    page = client.get(f"{HERE}app/")
    secret = client.session["mfa.totp.secret"]
    assert secret in page.text.replace(" ", "")
    assert "data:image/svg+xml;base64," in page.text

    wrong = client.post(f"{HERE}app/", {"code": "123456"})
    assert wrong.status_code == 422
    assert "check that the clock of your phone" in wrong.text
    right = format_hotp_value(hotp_value(secret, int(AT.timestamp()) // 30))
    shown = client.post(f"{HERE}app/", {"code": right})

    assert shown.status_code == 200
    assert "Keep these codes now" in shown.text
    assert shown["Cache-Control"].startswith("max-age=0")
    assert "10 unused codes" in client.get(HERE).text
    assert Event.objects.get(verb="people.factor_added").data["name"] == factors.APP
    assert "A second factor was added" in sent(settings, at)[0][1]


def test_a_change_asks_first_that_it_is_really_them(ana, client):
    client.force_login(ana)  # a session that somebody left open

    asked = client.get(f"{HERE}app/")
    assert asked["Location"] == "/people/me/confirm/?next=%2Fpeople%2Fme%2Fsecurity%2Fapp%2F"
    wrong = client.post("/people/me/confirm/", {"password": "wrong", "next": f"{HERE}app/"})
    assert wrong.status_code == 422
    assert "This is wrong" in wrong.text
    right = client.post("/people/me/confirm/", {"password": WORDS, "next": f"{HERE}app/"})

    assert right["Location"] == f"{HERE}app/"
    assert client.get(f"{HERE}app/").status_code == 200


def test_a_confirmation_is_good_for_ten_minutes(ana, client, move_clock):
    client.force_login(ana)
    client.post("/people/me/confirm/", {"password": WORDS})

    move_clock(AT + timedelta(minutes=9))
    assert client.get(f"{HERE}app/").status_code == 200
    move_clock(AT + timedelta(minutes=11))
    assert client.get(f"{HERE}app/").status_code == 303


def test_an_open_session_allows_no_more_guesses_than_the_sign_in(ana, client):
    client.force_login(ana)

    answers = [client.post("/people/me/confirm/", {"password": "wrong"}) for _ in range(9)]

    codes = [one.status_code for one in answers]
    assert codes == [422] * tries.OF_BROWSER + [429] * (9 - tries.OF_BROWSER)
    assert "Too many tries" in answers[-1].text


def test_removing_the_last_factor_ends_the_codes_and_the_second_step(ana, client):
    add_app(ana)
    browser = entered()
    browser.post(CODE, {"code": code()})

    removed = browser.post(f"{HERE}factors/{factors.app_of(ana).pk}/remove/")

    assert removed.status_code == 303
    assert not Authenticator.objects.exists()
    assert Event.objects.get(verb="people.factor_removed").data["kind"] == "totp"
    assert enter(Client())["Location"] == "/"


def test_nobody_removes_the_factor_of_another_person(ana, client):
    add_app(ana)
    ben = people.user("Ben")
    person.set_password(ben, WORDS, by=SYSTEM, at=AT)
    enter(client, email=ben.email)

    assert client.post(f"{HERE}factors/{factors.app_of(ana).pk}/remove/").status_code == 404
    path = f"/people/{ana.pk}/factors/{factors.app_of(ana).pk}/remove/"
    assert client.post(path).status_code == 403


def test_an_administrator_removes_a_lost_factor_on_record_and_signs_the_person_out(ana, client, settings, at):
    add_app(ana)
    lost = entered()
    lost.post(CODE, {"code": code()})
    boss = people.user("Olu", role=Role.ADMINISTRATOR)
    person.set_password(boss, WORDS, by=SYSTEM, at=at)
    enter(client, email=boss.email)

    assert factors.APP in client.get(f"/people/{ana.pk}/").text
    client.post(f"/people/{ana.pk}/factors/{factors.app_of(ana).pk}/remove/")

    assert lost.get("/people/me/").status_code == 302
    assert enter(Client())["Location"] == "/"
    event = Event.objects.get(verb="people.factor_removed")
    assert (event.actor_id, event.subject_id) == (boss.subject_id, ana.subject_id)
    assert any("removed" in mail[1] for mail in sent(settings, at))


def test_an_administrator_keeps_the_last_factor_that_their_role_needs(ana, settings, at):
    settings.SECOND_FACTOR_ROLES = ["administrator"]
    person.set_role(ana, Role.ADMINISTRATOR, by=SYSTEM, at=at)
    add_app(ana)
    browser = entered()
    browser.post(CODE, {"code": code()})

    answer = browser.post(f"/people/{ana.pk}/factors/{factors.app_of(ana).pk}/remove/", follow=True)

    assert answer.status_code == 200
    assert "Add another one first" in answer.text
    assert factors.app_of(ana) is not None


def test_the_password_alone_changes_no_factor_of_a_person_who_has_one(ana, client):
    """Somebody knows the password and found an open session."""
    codes = add_app(ana)
    client.force_login(ana)
    steps = (f"{HERE}factors/{factors.app_of(ana).pk}/remove/", f"{HERE}codes/", f"{HERE}passkey/")
    confirm = "/people/me/confirm/"
    assert "Confirm with your password" not in client.get(confirm).text

    refused = client.post(confirm, {"password": WORDS})
    answers = [client.post(step)["Location"] for step in steps]

    assert refused.status_code == 422
    assert "Confirm with a code" in refused.text
    assert all(answer.startswith(confirm) for answer in answers)
    assert factors.codes_left(ana) == 10
    assert client.post(confirm, {"code": codes[0]}).status_code == 303
    assert client.post(steps[0])["Location"] == HERE
    assert factors.app_of(ana) is None


def test_a_role_that_is_given_again_needs_a_factor_again(ana, settings, at):
    settings.SECOND_FACTOR_ROLES = ["administrator"]
    person.set_role(ana, Role.ADMINISTRATOR, by=SYSTEM, at=at)
    people.user(role=Role.ADMINISTRATOR)
    add_app(ana)
    browser = entered()
    browser.post(CODE, {"code": code()})
    assert browser.get("/people/").status_code == 200

    ana.refresh_from_db()
    person.set_role(ana, Role.MEMBER, by=SYSTEM, at=at)
    assert browser.post(f"{HERE}factors/{factors.app_of(ana).pk}/remove/")["Location"] == HERE
    ana.refresh_from_db()
    person.set_role(ana, Role.ADMINISTRATOR, by=SYSTEM, at=at)

    assert browser.get("/people/")["Location"] == HERE


def test_new_codes_end_the_earlier_ones(ana):
    first, *_ = add_app(ana)
    by = Actor(ana, "page")

    second = second_factor.new_codes(ana, by=by, at=AT)

    assert second_factor.use_code(ana, first, now=AT, by=by, at=AT) is None
    assert second_factor.use_code(ana, second[0], now=AT, by=by, at=AT) is not None
    with pytest.raises(Refused, match="Add an authenticator app"):
        second_factor.new_codes(people.user(), by=by, at=AT)


def test_a_role_that_needs_a_factor_adds_one_before_anything_else(ana, settings):
    settings.SECOND_FACTOR_ROLES = ["member"]
    browser = Client()
    assert enter(browser).status_code == 303

    assert browser.get("/people/")["Location"] == HERE
    assert "Your role needs a second factor" in browser.get(HERE).text
    api = browser.get("/api/v1/people")
    assert api.status_code == 403
    assert "Add one under Account" in api.text
    browser.get(f"{HERE}app/")
    right = format_hotp_value(hotp_value(browser.session["mfa.totp.secret"], int(AT.timestamp()) // 30))
    assert browser.post(f"{HERE}app/", {"code": right}).status_code == 200

    assert browser.get("/people/").status_code == 200
    assert browser.get("/api/v1/people").status_code == 200
    refused = browser.post(f"{HERE}factors/{factors.app_of(ana).pk}/remove/")
    assert refused.status_code == 422
    assert "Add another one first" in refused.text


def test_the_demand_costs_a_session_one_statement(ana, client, settings, django_assert_num_queries):
    client.force_login(ana)
    client.get("/people/me/notifications/")
    with django_assert_num_queries(WITHOUT):
        client.get("/people/me/notifications/")
    add_app(ana)
    settings.SECOND_FACTOR_ROLES = ["member"]
    client.get("/people/me/notifications/")

    with django_assert_num_queries(WITHOUT):
        client.get("/people/me/notifications/")


def test_a_person_deactivated_between_password_and_code_stays_outside(ana):
    add_app(ana)
    browser = entered()
    person.deactivate(ana, by=SYSTEM, at=AT)

    answer = browser.post(CODE, {"code": code()})

    assert answer["Location"] == SIGN_IN
    assert browser.get("/people/me/").status_code == 302


def test_the_form_of_new_codes_sent_again_makes_no_further_ones(ana, client):
    """As after a reload of the page that shows them."""
    add_app(ana)
    client.force_login(ana)
    client.post("/people/me/confirm/", {"code": code()})
    page = client.get(HERE).text
    (key,) = set(re.findall(r'name="once" value="([^"]+)"', page))

    first = client.post(f"{HERE}codes/", {"once": key})
    again = client.post(f"{HERE}codes/", {"once": key}, follow=True)

    assert "Keep these codes now" in first.text
    assert "These recovery codes were shown before" in again.text
    (typed, *_) = re.findall(r"\b[0-9a-f]{4} [0-9a-f]{4}\b", first.text)
    assert second_factor.use_code(ana, typed, now=AT, by=Actor(ana, "page"), at=AT) is not None


def passkey(user, name):
    kind = Authenticator.Type.WEBAUTHN
    return Authenticator.objects.create(user=user, type=kind, data={"name": name, "credential": {}})


def test_a_passkey_gets_another_name(ana, client):
    enter(client)
    laptop, blue = passkey(ana, "Laptop"), passkey(ana, "Blue key")
    address = f"{HERE}passkeys/{laptop.pk}/rename/"
    assert 'value="Laptop"' in client.get(address).text

    taken = client.post(address, {"name": "Blue key"})
    assert taken.status_code == 422
    assert "You have a passkey with this name" in taken.text
    renamed = client.post(address, {"name": " Work  laptop "})

    assert renamed["Location"] == HERE
    assert [factors.name_of(one) for one in factors.of(ana)] == ["Work laptop", "Blue key"]
    event = Event.objects.get(verb="people.passkey_renamed")
    assert event.data == {"name": "Work laptop", "former": "Laptop"}
    client.force_login(people.user("Ben"))
    assert client.post(f"{HERE}passkeys/{blue.pk}/rename/", {"name": "Mine"}).status_code == 404
