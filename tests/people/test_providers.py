"""Sign-in by OpenID Connect, against a real provider process: links, groups, rotated keys, and forgeries."""

import dataclasses

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from history.models import Event
from kit.actor import SYSTEM, Actor
from people.authentication import provider_requests
from people.models import Membership, User
from people.operations import invitation, person, second_factor
from people.states import Role
from riskhub import doctor, providers
from riskhub.environment import Environment
from riskhub.pipeline import Level
from tests.conftest import AT
from tests.factories import people
from tests.people.test_second_factors import SECRET, code
from tests.services.oidc_provider import path_of
from tests.services.oidc_provider import provider as running

pytestmark = pytest.mark.django_db
WORDS = "a-long-enough-passphrase"
BEGIN = "/people/oidc/oidc/"
GROUPS = "ml-growth=growth,ml-fraud=fraud,risk-admins=role:administrator,risk-readers=role:viewer"


@pytest.fixture(scope="module")
def idp():
    with running(AT) as found:
        yield found


@pytest.fixture(autouse=True)
def set_up(settings, idp):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    people.organisation()
    provider_requests.forget()
    use(settings, idp)
    return settings


def use(settings, idp, **changed):
    """Set Riskhub up for this provider, as the environment variables do."""
    known = {"URL": idp.url, "CLIENT_ID": "riskhub", "CLIENT_SECRET": "s"}
    given = {**known, "NAME": "Northwind ID", "GROUPS": GROUPS, **changed}
    env = Environment()
    env.ENVIRON = {f"RISKHUB_OIDC_{name}": value for name, value in given.items()}
    settings.OIDC_PROVIDERS = providers.from_environment(env)
    settings.SOCIALACCOUNT_PROVIDERS = providers.as_allauth_apps(settings.OIDC_PROVIDERS)


def sign_in(idp, sub="u-1", browser=None, **claims):
    """Be the browser of a person of the provider. Returns it with the answer that it got last."""
    browser = browser or Client()
    claims = {"email": "ana@example.org", "email_verified": True, "name": "Ana", **claims}
    idp.knows(sub, **{name: value for name, value in claims.items() if value is not None})
    led = browser.get(BEGIN)
    assert led["Location"].startswith(idp.url)
    back = idp.consent(led["Location"], sub)
    return browser, browser.get(path_of(back))


def is_in(browser):
    return browser.get("/people/me/").status_code == 200


def test_a_person_signs_in_and_is_linked_by_their_verified_address(idp):
    ana = people.user("Ana", email="ana@example.org")
    assert "Sign in with Northwind ID" in Client().get("/people/sign-in/").text

    browser, answer = sign_in(idp)

    assert (answer.status_code, answer["Location"]) == (303, "/")
    assert is_in(browser)
    linked = SocialAccount.objects.get()
    assert (linked.user, linked.uid, linked.extra_data) == (ana, "u-1", {})
    verbs = set(Event.objects.filter(subject=ana.subject).values_list("verb", flat=True))
    assert {"people.provider_linked", "people.signed_in"} <= verbs


def test_the_link_stays_when_the_address_changes_on_either_side(idp):
    ana = people.user("Ana", email="ana@example.org")
    sign_in(idp)
    person.change(ana, {"email": "ana.new@example.org"}, by=SYSTEM, at=AT)

    browser, _ = sign_in(idp, email="ana.other@example.org")

    assert is_in(browser)
    assert SocialAccount.objects.count() == 1
    assert User.objects.get(pk=ana.pk).email == "ana.new@example.org"


@pytest.mark.parametrize("verified", [False, None, "false", "yes", 1])
def test_an_address_that_is_not_verified_links_nothing(idp, verified):
    people.user("Ana", email="ana@example.org")

    browser, answer = sign_in(idp, email_verified=verified)

    assert answer.status_code == 403
    assert "does not say that your email address is verified" in answer.text
    assert not is_in(browser)
    assert not SocialAccount.objects.exists()


def test_a_setting_trusts_the_addresses_of_a_provider(idp, settings):
    people.user("Ana", email="ana@example.org")
    use(settings, idp, TRUST_EMAIL="true")

    assert is_in(sign_in(idp, email_verified=None)[0])


def test_a_stranger_is_added_only_if_the_setting_says_so(idp, settings):
    browser, answer = sign_in(idp)
    assert answer.status_code == 403
    assert "Ask an administrator to invite you" in answer.text
    assert not User.objects.filter(email="ana@example.org").exists()
    use(settings, idp, SIGN_UP="true")

    browser, _ = sign_in(idp)

    ana = User.objects.get(email="ana@example.org")
    assert (ana.name, ana.role, ana.has_usable_password()) == ("Ana", Role.VIEWER, False)
    assert is_in(browser)


def test_an_invited_person_comes_by_the_provider_with_the_role_of_the_invitation(idp):
    boss = people.user(role=Role.ADMINISTRATOR)
    team = people.team("Platform")
    invitation.invite(
        ["ana@example.org"], role=Role.RISK_MANAGER, teams=[team], by=Actor(boss, "page"), at=AT
    )

    browser, _ = sign_in(idp)

    ana = User.objects.get(email="ana@example.org")
    assert (ana.role, ana.has_usable_password()) == (Role.RISK_MANAGER, False)
    assert Membership.objects.filter(user=ana, team=team).exists()
    assert is_in(browser)


def test_a_deactivated_person_stays_outside(idp):
    ana = people.user("Ana", email="ana@example.org")
    sign_in(idp)
    person.deactivate(ana, by=SYSTEM, at=AT)

    browser, answer = sign_in(idp)

    assert answer.status_code == 403
    assert "deactivated" in answer.text
    assert not is_in(browser)


def teams_of(user):
    return set(user.memberships.values_list("team__slug", flat=True))


def test_groups_become_teams_and_a_removed_group_leaves_on_record(idp):
    growth, fraud, platform = people.team("Growth"), people.team("Fraud"), people.team("Platform")
    ana = people.user("Ana", email="ana@example.org", teams=[platform, fraud])

    sign_in(idp, groups=["ml-growth", "unknown"])

    assert teams_of(ana) == {"growth", "platform"}  # no mapping speaks of platform
    joined = Event.objects.get(verb="people.member_added", subject=growth.subject)
    left = Event.objects.get(verb="people.member_removed", subject=fraud.subject)
    assert joined.actor_id is None  # nobody added themselves
    assert left.actor_id is None
    assert joined.data["provider"] == left.data["provider"] == "oidc"
    page = Client()
    page.force_login(ana)
    assert "as the groups of the provider oidc say" in page.get("/people/teams/growth/").text
    sign_in(idp, groups=[])
    assert teams_of(ana) == {"platform"}


def test_a_provider_that_says_nothing_about_groups_changes_nothing(idp):
    ana = people.user("Ana", email="ana@example.org", teams=[people.team("Fraud")], role=Role.ADMINISTRATOR)
    people.user(role=Role.ADMINISTRATOR)

    sign_in(idp)

    assert teams_of(ana) == {"fraud"}
    assert User.objects.get(pk=ana.pk).role == Role.ADMINISTRATOR


@pytest.mark.parametrize(
    ("before", "groups", "after"),
    [
        (Role.MEMBER, ["risk-admins"], Role.ADMINISTRATOR),
        (Role.ADMINISTRATOR, [], Role.VIEWER),  # as somebody who signs up
        (Role.ADMINISTRATOR, ["risk-readers"], Role.VIEWER),
        (Role.MEMBER, ["risk-readers", "risk-admins"], Role.ADMINISTRATOR),
        (Role.RISK_MANAGER, [], Role.RISK_MANAGER),  # by hand: no mapping speaks of it
        (Role.RISK_MANAGER, ["risk-readers"], Role.RISK_MANAGER),
        (Role.VIEWER, [], Role.VIEWER),
    ],
)
def test_groups_become_roles(idp, before, groups, after):
    people.user(role=Role.ADMINISTRATOR)
    ana = people.user("Ana", email="ana@example.org", role=before)

    sign_in(idp, groups=groups)

    assert User.objects.get(pk=ana.pk).role == after
    events = Event.objects.filter(verb="people.person_role_changed", subject=ana.subject)
    changed = [(event.actor, event.data["provider"]) for event in events]
    assert changed == [(None, "oidc")] * (before != after)


def test_who_loses_a_role_gets_that_of_a_sign_up(idp, settings):
    settings.SIGN_UP_ROLE = Role.MEMBER
    people.user(role=Role.ADMINISTRATOR)
    ana = people.user("Ana", email="ana@example.org", role=Role.ADMINISTRATOR)

    sign_in(idp, groups=[])

    assert User.objects.get(pk=ana.pk).role == Role.MEMBER


def test_the_last_administrator_and_a_lead_keep_what_they_have(idp):
    ana = people.user("Ana", email="ana@example.org", role=Role.ADMINISTRATOR)
    people.member(people.team("Fraud", lead=ana), ana)

    browser, _ = sign_in(idp, groups=[])

    assert is_in(browser)
    assert User.objects.get(pk=ana.pk).role == Role.ADMINISTRATOR
    assert teams_of(ana) == {"fraud"}


def test_rotated_keys_need_no_restart(idp):
    people.user("Ana", email="ana@example.org")
    assert is_in(sign_in(idp)[0])

    idp.rotate_keys()

    assert is_in(sign_in(idp)[0])


def test_a_token_signed_by_another_key_is_refused(idp):
    people.user("Ana", email="ana@example.org")
    with running(AT) as other:
        other.knows("u-1", email="ana@example.org", email_verified=True, iss=idp.url)
        browser = Client()
        led = browser.get(BEGIN)["Location"]
        stolen = other.consent(led.replace(idp.url, other.url), "u-1")

        answer = browser.get(path_of(stolen))

    assert answer.status_code == 502
    assert not is_in(browser)


@pytest.mark.parametrize(
    "forged",
    [
        {"nonce": "of-another-question"},
        {"aud": "another-application"},
        {"aud": ["riskhub", "another-application"]},
        {"iss": "https://elsewhere.example"},
        {"exp": 1_600_000_000},
        {"iat": 2_600_000_000},
    ],
    ids=lambda claims: next(iter(claims)),
)
def test_an_id_token_of_another_question_application_issuer_or_time_is_refused(idp, forged):
    people.user("Ana", email="ana@example.org")

    browser, answer = sign_in(idp, **forged)

    assert answer.status_code == 502
    assert "sign in with your password" in answer.text
    assert not is_in(browser)
    assert not SocialAccount.objects.exists()


def test_an_answer_without_a_question_of_this_browser_is_refused(idp):
    people.user("Ana", email="ana@example.org")
    idp.knows("u-1", email="ana@example.org", email_verified=True)
    back = idp.consent(Client().get(BEGIN)["Location"], "u-1")
    another = Client()

    assert another.get(path_of(back)).status_code == 403
    assert not is_in(another)


def test_an_answer_works_once(idp):
    people.user("Ana", email="ana@example.org")
    idp.knows("u-1", email="ana@example.org", email_verified=True)
    browser = Client()
    back = path_of(idp.consent(browser.get(BEGIN)["Location"], "u-1"))
    assert browser.get(back).status_code == 303
    browser.post("/people/sign-out/")

    assert browser.get(back).status_code == 403
    assert not is_in(browser)


def test_somebody_who_cancels_is_told_so(idp):
    browser = Client()
    led = browser.get(BEGIN)["Location"]
    state = led.partition("state=")[2].partition("&")[0]

    answer = browser.get(f"{BEGIN}callback/?error=access_denied&state={state}")

    assert answer.status_code == 403
    assert "cancelled" in answer.text


def test_a_provider_that_is_down_gives_a_clear_page_and_the_password_works(idp, settings):
    ana = people.user("Ana", email="ana@example.org")
    person.set_password(ana, WORDS, by=SYSTEM, at=AT)
    with running(AT) as short_lived:
        use(settings, short_lived)
        short_lived.knows("u-1", email="ana@example.org", email_verified=True)
        browser = Client()
        back = short_lived.consent(browser.get(BEGIN)["Location"], "u-1")
        short_lived.stop()

    for answer in (Client().get(BEGIN), browser.get(path_of(back))):
        assert answer.status_code == 502
        assert "sign in with your password" in answer.text
    signed_in = Client()
    signed_in.post("/people/sign-in/", {"email": ana.email, "password": WORDS})
    assert is_in(signed_in)


def test_a_fault_of_our_own_is_no_fault_of_the_provider(idp, settings):
    """It goes to the log with its traceback."""
    people.user("Ana", email="ana@example.org")
    wrong = dataclasses.replace(settings.OIDC_PROVIDERS["oidc"], groups={"a": "role:king"})
    settings.OIDC_PROVIDERS = {"oidc": wrong}

    with pytest.raises(ValueError, match="king"):
        sign_in(idp, groups=["a"])


def test_a_provider_with_another_issuer_is_refused(idp, settings):
    use(settings, idp)
    wrong = dataclasses.replace(settings.OIDC_PROVIDERS["oidc"], url="http://127.0.0.1:1")
    settings.OIDC_PROVIDERS = {"oidc": wrong}

    assert Client().get(BEGIN).status_code == 502


def test_the_factor_of_the_provider_counts_unless_a_setting_asks_for_ours(idp, settings):
    ana = people.user("Ana", email="ana@example.org")
    by = Actor(ana, "page")
    settings.SECOND_FACTOR_ROLES = ["member"]
    assert is_in(sign_in(idp)[0])  # her role needs a factor: the provider asked for one
    second_factor.add_app(ana, SECRET, code(-1), now=AT, by=by, at=AT)
    assert is_in(sign_in(idp)[0])
    use(settings, idp, SECOND_FACTOR="true")

    browser, answer = sign_in(idp)

    assert answer["Location"] == "/people/sign-in/code/"
    assert not is_in(browser)
    assert browser.post("/people/sign-in/code/", {"code": code()}).status_code == 303
    assert is_in(browser)


def test_doctor_says_whether_the_provider_answers_and_its_teams_exist(idp, settings):
    people.team("Growth")
    assert [one.level for one in doctor.check_providers()] == [Level.OK]
    (groups,) = doctor.check_groups()
    assert groups.text == "there is no team fraud"
    people.team("Fraud")
    assert doctor.check_groups() == []

    use(settings, idp, URL=f"{idp.url}/no/such/realm")
    (found,) = doctor.check_providers()
    assert (found.level, "no answer" in found.text) == (Level.RED, True)
    assert found.fix.startswith("Start the provider, or correct RISKHUB_OIDC_URL.")


def test_an_unknown_provider_is_no_address(idp):
    assert Client().get("/people/oidc/other/").status_code == 404


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/x"])
def test_nobody_is_led_away_from_here(idp, target):
    people.user("Ana", email="ana@example.org")
    idp.knows("u-1", email="ana@example.org", email_verified=True)
    browser = Client()
    led = browser.get(BEGIN, {"next": target, "process": "connect", "auth_params": "prompt=none"})["Location"]
    assert "prompt" not in led

    assert browser.get(path_of(idp.consent(led, "u-1")))["Location"] == "/"


@pytest.mark.parametrize(
    ("settings_given", "words"),
    [
        ({"URL": "idp.example.org"}, "is no address"),
        ({"URL": "https://idp.example.org"}, "CLIENT_ID is missing"),
        ({"URL": "https://i.example", "CLIENT_ID": "r", "GROUPS": "a"}, "is no pair"),
        ({"URL": "https://i.example", "CLIENT_ID": "r", "GROUPS": "a=role:king"}, "king is no role"),
    ],
)
def test_a_wrong_setting_says_the_fix(settings_given, words):
    env = Environment()
    env.ENVIRON = {f"RISKHUB_OIDC_{name}": value for name, value in settings_given.items()}

    with pytest.raises(ValueError, match=words):
        providers.from_environment(env)


def test_several_providers_are_set_by_numbers():
    env = Environment()
    env.ENVIRON = {
        "RISKHUB_OIDC_URL": "https://one.example",
        "RISKHUB_OIDC_CLIENT_ID": "a",
        "RISKHUB_OIDC_2_URL": "https://two.example/realm/",
        "RISKHUB_OIDC_2_CLIENT_ID": "b",
        "RISKHUB_OIDC_2_NAME": "Partners",
    }

    found = providers.from_environment(env)

    assert [(one.id, one.name, one.url) for one in found.values()] == [
        ("oidc", "one.example", "https://one.example"),
        ("oidc2", "Partners", "https://two.example/realm"),
    ]
