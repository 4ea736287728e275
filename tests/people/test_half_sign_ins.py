"""A sign-in between the password and the code, and what a person who must add a factor can do."""

import pytest
from django.test import Client

from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from people.operations import person, second_factor
from people.queries import factors
from riskhub.erasure import operations
from tests.conftest import AT
from tests.factories import people
from tests.people.test_second_factors import CODE, HERE, SIGN_IN, WORDS, add_app, code, enter, entered

pytestmark = pytest.mark.django_db
NEW = "another whole sentence works"


@pytest.fixture
def ana(at, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    people.organisation()
    user = people.user("Ana", email="ana@example.org")
    person.set_password(user, WORDS, by=SYSTEM, at=at)
    return user


def outlived(browser):
    """Return whether a browser that waits for the code is led back, and stays outside."""
    answer = browser.post(CODE, {"code": code()})
    return answer["Location"] == SIGN_IN and browser.get("/people/me/").status_code == 302


def test_a_new_password_ends_a_sign_in_that_waits_for_its_code(ana):
    add_app(ana)
    browser = entered()
    person.set_password(ana, NEW, by=SYSTEM, at=AT)

    assert outlived(browser)


def test_a_deactivation_ends_it_also_for_the_time_after_a_reactivation(ana):
    add_app(ana)
    browser = entered()
    person.deactivate(ana, by=SYSTEM, at=AT)
    person.reactivate(ana, by=SYSTEM, at=AT)

    assert outlived(browser)


def test_a_browser_that_waits_for_the_code_of_a_removed_app_is_led_back(ana):
    add_app(ana)
    browser = entered()
    second_factor.remove(ana, factors.app_of(ana), by=SYSTEM, at=AT)

    assert browser.get(CODE)["Location"] == SIGN_IN
    assert enter(browser)["Location"] == "/"


def test_whoever_must_add_a_factor_can_end_other_sessions_first(ana, settings):
    settings.SECOND_FACTOR_ROLES = ["member"]
    here, one, two = Client(), Client(), Client()
    for browser in (one, two, here):
        enter(browser)
    key = one.session.session_key
    found = next(row for row in ana.usersession_set.all() if row.session_key == key)

    here.post(f"{HERE}sessions/{found.pk}/end/")
    assert one.get(HERE).status_code == 302
    assert two.get(HERE).status_code == 200
    here.post(f"{HERE}sessions/end/")

    assert two.get(HERE).status_code == 302
    assert here.get(HERE).status_code == 200


def test_a_second_app_is_refused_with_the_way_to_codes_that_were_not_seen(ana, client):
    """The button was pressed twice: the first answer, with the codes, was never shown."""
    enter(client)
    client.get(f"{HERE}app/")
    add_app(ana)

    again = client.post(f"{HERE}app/", {"code": code()})

    assert again.status_code == 422
    assert "make new recovery codes" in again.text
    assert "data:image/svg+xml" not in again.text
    assert client.get(f"{HERE}app/")["Location"] == HERE
    with pytest.raises(Refused, match="Remove it first"):
        second_factor.add_app(ana, "A" * 32, code(), now=AT, by=Actor(ana, "page"), at=AT)


def test_an_erased_person_is_not_reactivated(ana):
    person.deactivate(ana, by=SYSTEM, at=AT)
    operations.erase(ana, by=SYSTEM, at=AT)
    ana.refresh_from_db()

    with pytest.raises(Refused, match="was erased"):
        person.reactivate(ana, by=SYSTEM, at=AT)

    ana.refresh_from_db()
    assert not ana.is_active
