"""Who an identity of a provider is, when it is not as expected."""

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from history.models import Event
from kit.actor import SYSTEM
from people.authentication import social_adapter
from people.operations import person
from tests.conftest import AT, PASSWORD
from tests.factories import people
from tests.people.test_providers import BEGIN, is_in, sign_in, use
from tests.services.oidc_provider import provider as running

SECURITY = "/people/me/security/"
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def idp():
    with running(AT) as found:
        yield found


@pytest.fixture(autouse=True)
def set_up(settings, idp):
    people.organisation()
    use(settings, idp)


def test_another_identity_with_the_address_of_a_linked_account_stays_outside(idp):
    """A provider gave the mailbox of somebody to somebody else."""
    people.user("Ana", email="ana@example.org")
    assert is_in(sign_in(idp)[0])

    browser, answer = sign_in(idp, sub="u-2")

    assert answer.status_code == 403
    assert "linked with another sign-in of this provider" in answer.text
    assert not is_in(browser)
    assert SocialAccount.objects.get().uid == "u-1"
    assert Event.objects.filter(verb="people.provider_linked").count() == 1
    assert is_in(sign_in(idp)[0])


def test_after_a_reactivation_the_next_identity_is_linked(idp):
    ana = people.user("Ana", email="ana@example.org")
    sign_in(idp)
    person.deactivate(ana, by=SYSTEM, at=AT)
    assert "deactivated" in sign_in(idp, sub="u-2")[1].text
    person.reactivate(ana, by=SYSTEM, at=AT)

    assert is_in(sign_in(idp, sub="u-2")[0])

    assert SocialAccount.objects.get().uid == "u-2"
    assert not is_in(sign_in(idp)[0])


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "u" * 300},
        {"email": "ana\x00@example.org"},
        {"name": "Ana\x00"},
        {"email": f"{'a' * 260}@b.example"},
    ],
    ids=["long sub", "NUL in email", "NUL in name", "long email"],
)
def test_claims_that_cannot_be_stored_are_refused(idp, settings, claims):
    use(settings, idp, SIGN_UP="true")

    browser, answer = sign_in(idp, **claims)

    assert answer.status_code == 502
    assert "not as expected" in answer.text
    assert not is_in(browser)


def test_the_log_has_one_short_line_about_a_wrong_answer(caplog, rf):
    page = "<html>\n" + "x" * 40_000

    social_adapter.away(rf.get("/"), ValueError(page))

    (record,) = [one for one in caplog.records if one.name == social_adapter.__name__]
    assert "\n" not in record.getMessage()
    assert "ValueError: <html> xxx" in record.getMessage()
    assert len(record.getMessage()) < 300


def test_a_callback_opened_again_leads_on_or_back_without_a_warning(idp, caplog):
    people.user("Ana", email="ana@example.org")
    browser, _ = sign_in(idp)
    again = f"{BEGIN}callback/?code=x&state=y"

    assert browser.get(again)["Location"] == "/"
    stranger = Client().get(again)

    assert stranger.status_code == 403
    assert "Sign in again" in stranger.text
    assert Client().get(f"{BEGIN}callback/").status_code == 403
    assert not [one for one in caplog.records if one.name == social_adapter.__name__]


def test_a_person_ends_the_link_and_may_be_linked_again(idp):
    ana = people.user("Ana", email="ana@example.org")
    person.set_password(ana, PASSWORD, by=SYSTEM, at=AT)
    browser, _ = sign_in(idp)
    link = SocialAccount.objects.get()
    assert "Northwind ID" in browser.get(SECURITY).text

    answer = browser.post(f"{SECURITY}providers/{link.pk}/unlink/")

    assert answer["Location"] == SECURITY
    assert not SocialAccount.objects.exists()
    event = Event.objects.get(verb="people.provider_unlinked")
    assert (event.subject_id, event.data["provider"]) == (ana.subject_id, "oidc")
    assert is_in(sign_in(idp, sub="u-2")[0])


def test_the_only_way_to_sign_in_stays(idp):
    ana = people.user("Ana", email="ana@example.org")
    ana.set_unusable_password()
    ana.save()
    browser, _ = sign_in(idp)
    link = SocialAccount.objects.get()

    answer = browser.post(f"{SECURITY}providers/{link.pk}/unlink/")

    assert answer.status_code == 422
    assert "Set a password first" in answer.text
    assert SocialAccount.objects.filter(pk=link.pk).exists()


def test_nobody_ends_the_link_of_another_person(idp):
    people.user("Ana", email="ana@example.org")
    sign_in(idp)
    ben = people.user("Ben")
    person.set_password(ben, PASSWORD, by=SYSTEM, at=AT)
    browser = Client()
    browser.post("/people/sign-in/", {"email": ben.email, "password": PASSWORD})

    answer = browser.post(f"{SECURITY}providers/{SocialAccount.objects.get().pk}/unlink/")

    assert answer.status_code == 404
    assert SocialAccount.objects.count() == 1
