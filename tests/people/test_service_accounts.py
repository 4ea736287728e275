"""Service accounts: they work on when people leave, act within their role, and are nobody's colleague."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from history.models import Event
from history.queries import rebuilt
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from people.authentication import find
from people.models import ServiceAccount, Token, User
from people.operations import person, service_account, token
from people.queries.service_account import with_known_secret, without_responsible
from people.states import Role
from riskhub.leaving import operations as leaving
from riskhub.pipeline import conditions
from signals.operations import source as sources
from tests.conftest import AT
from tests.factories import people, risks

pytestmark = pytest.mark.django_db


def account(responsible=None, **given):
    values = {"name": "Nightly import", "purpose": "Loads the register.", "responsible": responsible}
    if responsible is None and "responsible_team" not in given:
        values["responsible"] = people.user("Rita Responsible")
    return service_account.add(**{**values, **given}, by=SYSTEM, at=AT)


def bearer(made, scope="write", **given):
    _, text = token.issue(made, name="t", scope=scope, by=SYSTEM, at=AT, **given)
    return Client(headers={"Authorization": f"Bearer {text}"})


@pytest.fixture
def boss():
    return people.user("Boss", role=Role.ADMINISTRATOR)


@pytest.fixture
def signed_in(client, boss):
    client.force_login(boss)
    return client


def post(client, path, body=None, **headers):
    return client.post(f"/api/v1/{path}", body or {}, content_type="application/json", headers=headers)


# ------------------------------------------------------------------ operations


def test_an_account_has_no_password_no_mail_and_no_team():
    made = account()

    assert not made.has_usable_password()
    assert made.email.endswith(".invalid")
    assert made.is_mail_refused
    assert not made.memberships.exists()
    assert made.subject.kind == "service_account"
    assert rebuilt("people.user", made.pk)["is_service"] is True


def test_two_accounts_may_have_one_name():
    assert account().handle != account().handle


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"purpose": ""}, "purpose"),
        ({"role": "administrator"}, "role"),
        ({"role": "king"}, "role"),
    ],
)
def test_an_account_needs_name_purpose_and_a_role_below_administrator(wrong, field):
    with pytest.raises(Refused) as refused:
        account(**wrong)

    assert refused.value.field == field
    assert not ServiceAccount.objects.exists()


def test_somebody_who_is_here_and_may_write_is_responsible():
    viewer = people.user(role=Role.VIEWER)
    gone = people.user(is_active=False)

    for who in (viewer, gone, account()):
        with pytest.raises(Refused) as refused:
            account(who)
        assert refused.value.field == "responsible"
    with pytest.raises(Refused, match="a person or a team"):
        service_account.add(name="a", purpose="b", by=SYSTEM, at=AT)
    assert account(responsible_team=people.team()).responsible is None


def test_the_database_refuses_an_account_that_administrates():
    made = account()

    with pytest.raises(IntegrityError), transaction.atomic():
        ServiceAccount.objects.filter(pk=made.pk).update(role=Role.ADMINISTRATOR)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=made.responsible.pk).update(purpose="A person has none")


def test_a_deactivated_account_is_refused_at_once_and_its_tokens_stay_revoked(boss):
    made = account()
    client = bearer(made)
    assert client.get("/api/v1/people").status_code == 200

    service_account.deactivate(made, by=Actor(boss, "page"), at=AT)
    assert client.get("/api/v1/people").status_code == 401
    service_account.reactivate(made, by=Actor(boss, "page"), at=AT)

    assert client.get("/api/v1/people").status_code == 401
    assert bearer(made).get("/api/v1/people").status_code == 200


def test_every_step_is_chained():
    made = account()
    service_account.change(made, {"purpose": "Loads models."}, by=SYSTEM, at=AT)
    service_account.deactivate(made, by=SYSTEM, at=AT)
    service_account.reactivate(made, by=SYSTEM, at=AT)

    verbs = Event.objects.filter(subject=made.subject_id).exclude(chain_no=None).order_by("id")
    assert [event.verb.rpartition("_")[2] for event in verbs] == [
        "added",
        "changed",
        "deactivated",
        "reactivated",
    ]


# ------------------------------------------------------------------ what it may do


def test_it_acts_in_its_role_and_history_names_it(signed_in):
    made = account(role=Role.MEMBER)

    answer = post(bearer(made), "actions", {"title": "Cap the exposure"})

    assert answer.status_code == 201
    event = Event.objects.get(verb="actions.action_opened")
    assert (event.actor_id, event.shown_actor.title) == (made.subject_id, "Nightly import")
    page = signed_in.get(f"/actions/{answer.json()['reference']}/").text
    assert "<b>Nightly import</b>" in page
    (row,) = signed_in.get(f"/api/v1/events?reference={answer.json()['reference']}").json()["results"]
    assert (row["actor_id"], row["actor_name"]) == (made.pk, "Nightly import")
    assert signed_in.get(f"/api/v1/service-accounts/{made.pk}").json()["name"] == "Nightly import"


def test_a_field_that_names_it_shows_its_name(signed_in):
    reporter = bearer(account())

    risk = post(reporter, "risks", {"title": "Scores drift", "category": risks.category().slug}).json()

    (row,) = signed_in.get(f"/api/v1/events?reference={risk['reference']}&verb=risklog.risk_opened").json()[
        "results"
    ]
    raised = [change["new"] for change in row["changes"] if change["field"] == "raised_by_id"]
    assert raised == [ServiceAccount.objects.get().pk]
    assert "something restricted" not in signed_in.get(f"/risks/{risk['reference']}/").text


@pytest.mark.parametrize(
    ("role", "scope", "status"), [("viewer", "read", 403), ("member", "read", 403), ("member", "write", 201)]
)
def test_a_token_allows_what_scope_and_role_allow(role, scope, status):
    assert post(bearer(account(role=role), scope), "actions", {"title": "Cap"}).status_code == status


def test_a_role_that_is_lowered_counts_at_once():
    made = account(role=Role.MEMBER)
    client = bearer(made)
    service_account.change(made, {"role": Role.VIEWER}, by=SYSTEM, at=AT)

    assert post(client, "actions", {"title": "Cap"}).status_code == 403


def test_it_owns_nothing_and_takes_nothing_on():
    made = account(role=Role.RISK_MANAGER)
    client = bearer(made)
    opened = post(client, "actions", {"title": "Cap"}).json()

    for owner in (made.pk, made.handle, made.email):
        assert post(client, "actions", {"title": "Cap", "owner": owner}).status_code in {400, 422}
    taken = post(client, f"actions/{opened['id']}/take", **{"If-Match": "*"})
    assert taken.status_code in {403, 404, 422}
    assert post(client, "absences", {"from_on": "2026-12-01", "until_on": "2026-12-02"}).status_code == 403
    assert client.get("/api/v1/notification-settings").status_code == 403
    assert client.get("/api/v1/holidays?person=me").status_code == 200
    assert post(client, "tokens", {"name": "another"}).status_code == 403


def test_what_it_creates_is_owned_by_who_is_responsible():
    rita, lead = people.user("Rita"), people.user("Lea")
    of_person, of_team = account(rita), account(responsible_team=people.team(lead=lead))

    for made, owner in ((of_person, rita), (of_team, lead)):
        made_source = sources.named(f"of-{owner.pk}", adapter="points", by=Actor(made, "api"), at=AT)
        assert made_source.owner == owner


# ------------------------------------------------------------------ people leave


def test_an_account_works_on_when_the_responsible_person_leaves(boss):
    rita, by = people.user("Rita"), Actor(boss, "page")
    made = account(rita)
    client = bearer(made)
    assert not without_responsible()

    person.deactivate(rita, by=by, at=AT)

    assert client.get("/api/v1/people").status_code == 200
    assert [found.pk for found in without_responsible()] == [made.pk]
    found = next(one for one in conditions(AT) if one.key == "service_accounts")
    assert (found.level, "Nightly import" in found.text) == ("warning", True)


def is_named_by(signed_in, made):
    """Return whether the page of an account says who is responsible, and the list of Health agrees."""
    is_missing = made.pk in [found.pk for found in without_responsible()]
    said = '<span class="status status-warn">' in signed_in.get(f"/people/service-accounts/{made.pk}/").text
    assert said == is_missing
    return not is_missing


def test_a_team_is_responsible_as_long_as_its_lead_can_be(signed_in, boss):
    ana = people.user()
    made = account(responsible_team=people.team(lead=ana), responsible=None)
    assert is_named_by(signed_in, made)

    person.set_role(ana, Role.VIEWER, by=Actor(boss, "page"), at=AT)

    assert not is_named_by(signed_in, made)
    assert not is_named_by(signed_in, account(responsible_team=people.team("Empty"), responsible=None))


def test_the_lead_of_the_team_answers_for_a_person_who_left(signed_in, boss):
    rita, lead = people.user("Rita"), people.user("Lea")
    made = account(rita, responsible_team=people.team(lead=lead))
    person.deactivate(rita, by=Actor(boss, "page"), at=AT)
    made = ServiceAccount.objects.get(pk=made.pk)

    source = sources.named("drift", adapter="points", by=Actor(made, "api"), at=AT)

    assert source.owner == lead
    assert is_named_by(signed_in, made)


def test_accounts_are_handed_over_with_the_rest(boss):
    rita, ben = people.user("Rita"), people.user("Ben")
    made = account(rita)
    listed = [held.holding.name for held in leaving.held_by(rita, boss)]

    leaving.hand_over(rita, to=ben, deactivates=True, by=Actor(boss, "page"), at=AT)

    made.refresh_from_db()
    assert (listed, made.responsible) == (["service_accounts"], ben)
    assert not without_responsible()


def test_tokens_of_tools_outlive_the_person_at_a_handover(boss, at):
    rita, ben, by = people.user("Rita"), people.user("Ben"), Actor(boss, "page")
    _, pushing = token.issue(rita, name="Evidently", scope="ingest", by=SYSTEM, at=AT)
    _, laptop = token.issue(rita, name="Laptop", scope="write", by=SYSTEM, at=AT)

    leaving.hand_over(rita, to=ben, deactivates=True, by=by, at=AT)

    made = ServiceAccount.objects.get()
    assert (made.name, made.role, made.responsible) == ("Evidently", Role.MEMBER, ben)
    assert find(pushing, at=at).user_id == made.pk
    assert find(laptop, at=at) is None
    assert Event.objects.get(verb="people.token_moved").actor_id == boss.subject_id
    assert [known.user_id for known in with_known_secret(at)] == [made.pk]

    moved = Token.objects.get(user=made)
    token.rotate(moved, overlap_days=7, by=by, at=at)
    assert find(pushing, at=at).user_id == made.pk
    assert with_known_secret(at).exists()  # the former secret works beside the new one
    assert not with_known_secret(moved.expires_at).exists()
    token.rotate(moved, overlap_days=0, by=by, at=at)
    assert not with_known_secret(at).exists()


def test_the_token_of_a_viewer_works_no_more_after_a_handover(boss, at):
    """It pushed nothing, because its owner was made a viewer."""
    rita, ben, by = people.user("Rita"), people.user("Ben"), Actor(boss, "page")
    _, pushing = token.issue(rita, name="Evidently", scope="ingest", by=SYSTEM, at=AT)
    person.set_role(rita, Role.VIEWER, by=by, at=at)
    rita.refresh_from_db()

    leaving.hand_over(rita, to=ben, deactivates=True, by=by, at=at)

    assert find(pushing, at=at) is None
    assert not ServiceAccount.objects.exists()


def test_a_handover_may_end_the_tokens_of_tools(boss, at):
    rita = people.user("Rita")
    _, pushing = token.issue(rita, name="Evidently", scope="ingest", by=SYSTEM, at=AT)

    with pytest.raises(Refused, match="who is responsible"):
        leaving.hand_over(rita, to=None, deactivates=True, by=Actor(boss, "page"), at=AT)
    leaving.hand_over(rita, to=None, deactivates=True, keeps_tokens=False, by=Actor(boss, "page"), at=AT)

    assert find(pushing, at=at) is None
    assert not ServiceAccount.objects.exists()


def test_the_page_of_a_handover_offers_to_keep_them(signed_in):
    rita, ben = people.user("Rita"), people.user("Ben")
    address = f"/people/{rita.pk}/hand-over/"
    assert "keeps_tokens" not in signed_in.get(address).text
    token.issue(rita, name="Evidently", scope="ingest", by=SYSTEM, at=AT)
    assert "keeps_tokens" in signed_in.get(address).text

    sent = {"to": ben.pk, "deactivates": "on", "keeps_tokens": "on", "version": rita.version}
    assert signed_in.post(address, sent).status_code == 303

    assert ServiceAccount.objects.get().responsible == ben


# ------------------------------------------------------------------ API and pages


def test_administrators_add_change_and_end_accounts_by_api(signed_in, boss):
    rita = people.user("Rita")
    body = {"name": "Nightly import", "purpose": "Loads the register.", "responsible": rita.email}

    made = post(signed_in, "service-accounts", body)
    row = made.json()
    address = f"/api/v1/service-accounts/{row['id']}"
    issued = post(signed_in, f"service-accounts/{row['id']}/tokens", {"name": "prod", "scope": "write"})
    changed = signed_in.patch(
        address, {"role": "viewer"}, content_type="application/json", headers={"If-Match": made["ETag"]}
    )

    assert (made.status_code, row["role"], row["responsible_name"]) == (201, "member", "Rita")
    assert issued.status_code == 201
    program = Client(headers={"Authorization": f"Bearer {issued.json()['text']}"})
    assert program.get(address).json()["role"] == "viewer"
    assert changed.json()["version"] == row["version"] + 1
    tokens = signed_in.get(f"{address}/tokens").json()["results"]
    assert [(one["name"], one["text"]) for one in tokens] == [("prod", None)]
    ended = post(signed_in, f"service-accounts/{row['id']}/deactivate", **{"If-Match": "*"})
    assert (ended.status_code, ended.json()["is_active"]) == (200, False)
    assert program.get(address).status_code == 401


def test_others_see_accounts_but_not_their_tokens():
    made = account()
    reader = bearer(people.user())
    bearer(made)

    assert reader.get(f"/api/v1/service-accounts/{made.pk}").status_code == 200
    assert reader.get(f"/api/v1/service-accounts/{made.pk}/tokens").json()["results"] == []
    assert post(reader, f"service-accounts/{made.pk}/tokens", {"name": "x"}).status_code == 403
    assert post(reader, "service-accounts", {"name": "x", "purpose": "y"}).status_code == 403


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_takes_the_same_number_of_queries(number, signed_in, django_assert_num_queries):
    for position in range(number):
        account(name=f"Import {position}")

    with django_assert_num_queries(3):  # session, person, page with its count
        assert len(signed_in.get("/api/v1/service-accounts").json()["results"]) == number
    signed_in.get("/people/service-accounts/")
    with django_assert_num_queries(7):  # of every page, and the list
        page = signed_in.get("/people/service-accounts/")
    assert page.text.count("<tr data-row") == number


def test_the_pages_add_edit_and_end_an_account(signed_in):
    rita = people.user("Rita")
    sent = {"name": "Nightly import", "purpose": "Loads it.", "role": "member", "responsible": rita.pk}
    assert signed_in.post("/people/service-accounts/new/", {**sent, "purpose": ""}).status_code == 422
    assert signed_in.post("/people/service-accounts/new/", sent).status_code == 303
    made = ServiceAccount.objects.get()
    address = f"/people/service-accounts/{made.pk}/"

    page = signed_in.post(f"{address}tokens/", {"name": "prod", "scope": "write", "days": 30})
    issued = Token.objects.get()
    assert f"rh_{issued.prefix}_" in page.text
    edited = {**sent, "name": "Hourly import", "version": made.version}
    assert signed_in.post(f"{address}edit/", edited).status_code == 303
    assert "Hourly import" in signed_in.get(address).text
    made.refresh_from_db()
    signed_in.post(f"/people/tokens/{issued.pk}/revoke/")
    assert signed_in.post(f"{address}deactivate/", {"version": made.version}).status_code == 303
    assert "Reactivate" in signed_in.get(address).text


def test_an_administrator_rotates_the_token_of_an_account(signed_in, at):
    made, old = token.issue(account(), name="t", by=SYSTEM, at=AT)

    answer = post(
        signed_in, f"tokens/{made.pk}/rotate", {"overlap_days": 0, "days": 300}, **{"If-Match": "*"}
    )

    assert find(answer.json()["text"], at=at) == made
    assert find(old, at=at) is None
    assert answer.json()["expires_at"][:10] == str((AT + timedelta(days=300)).date())
