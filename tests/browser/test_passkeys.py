"""Passkeys with the virtual authenticator of Chromium: added, used as a second step, and alone.

Browsers give passkeys to the host localhost, but not to an address such as 127.0.0.1.
"""

import re

import pytest
from allauth.mfa.models import Authenticator

from history.models import Event
from people.models import User
from tests.browser.conftest import WATCH, axe, violations
from tests.conftest import PASSWORD

HOME = re.compile(r"//[^/]+/$")
ADDRESS = "ana@example.org"


@pytest.fixture
def page(site, chromium, settings):
    """A page on localhost with an authenticator that has a finger of its owner."""
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
    context = chromium.new_context(base_url=site.replace("127.0.0.1", "localhost"), reduced_motion="reduce")
    context.add_init_script(WATCH)
    page = context.new_page()
    page.set_default_timeout(30_000)
    cdp = context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    page.authenticator = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    page.cdp = cdp
    yield page
    Authenticator.objects.all().delete()
    context.close()


def sign_in(page):
    page.goto("/people/sign-in/")
    page.fill("[name=email]", ADDRESS)
    page.fill("[name=password]", PASSWORD)
    page.click("form:has([name=password]) button")


def sign_out(page):
    page.goto("/people/me/")
    page.click(".page-bar-end >> text=Sign out")
    page.wait_for_selector("text=Sign in with a passkey")
    page.wait_for_load_state()


def add_passkey(page):
    sign_in(page)
    page.wait_for_url(HOME)
    page.goto("/people/me/security/passkey/")
    page.fill("[name=name]", "Work laptop")
    page.click("text=Add the passkey")
    page.wait_for_selector("text=Keep these codes now")


def test_a_passkey_is_added_and_then_signs_in_alone(page):
    add_passkey(page)
    assert axe(page) == []
    codes = page.inner_text("pre").split("\n")
    assert len([line for line in codes if line]) == 10
    with page.expect_download() as saved:
        page.click("text=Download")
    assert saved.value.suggested_filename == "riskhub-recovery-codes.txt"
    page.click("text=I have saved them")
    page.wait_for_url("**/me/security/")
    page.wait_for_selector("text=Work laptop")
    assert axe(page) == []
    sign_out(page)
    assert axe(page) == []

    page.click("text=Sign in with a passkey")
    page.wait_for_url(HOME)

    assert violations(page) == []
    ana = User.objects.get(email=ADDRESS)
    assert Event.objects.filter(verb="people.factor_added", subject_id=ana.subject_id).count() == 1
    assert Authenticator.objects.get(type="webauthn").last_used_at is not None


def test_after_the_password_the_passkey_is_the_second_step(page):
    add_passkey(page)
    sign_out(page)
    sign_in(page)
    page.wait_for_url("**/sign-in/code/")
    assert axe(page) == []

    page.click("text=Use a passkey")

    page.wait_for_url(HOME)
    assert violations(page) == []


def test_without_a_finger_nobody_signs_in_and_the_page_says_so(page):
    add_passkey(page)
    sign_out(page)
    page.cdp.send(
        "WebAuthn.setUserVerified", {"authenticatorId": page.authenticator, "isUserVerified": False}
    )

    page.click("text=Sign in with a passkey")

    page.wait_for_selector("text=The browser gave no passkey")
    assert page.url.endswith("/people/sign-in/")


def test_a_passkey_of_a_removed_factor_opens_nothing(page):
    add_passkey(page)
    sign_out(page)
    Authenticator.objects.all().delete()

    page.click("text=Sign in with a passkey")

    page.wait_for_selector("text=This passkey did not work here")
    assert not page.locator("text=Sign out").count()
