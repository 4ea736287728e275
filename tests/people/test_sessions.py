"""Sessions: those from before allauth go on, and each is noted when it begins."""

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from kit.actor import SYSTEM
from people.operations import person
from tests.factories import people

pytestmark = pytest.mark.django_db


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
