"""The account, people and team pages."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from history.models import Event
from kit.actor import SYSTEM
from people.authentication import find
from people.models import Absence, Function, Organisation, Team, Token, User
from people.operations import organisation, person, token
from people.states import Role
from tests.conftest import AT, PASSWORD
from tests.factories import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client):
    user = people.user("Boss", role=Role.ADMINISTRATOR)
    client.force_login(user)
    return user


def test_the_account_page_changes_only_ones_own_data(client):
    user = people.user("Ana")
    client.force_login(user)
    fields = {"version": 1, "name": "Ana M", "time_zone": "Asia/Tokyo", "theme": "dark"}

    answer = client.post("/people/me/", fields)

    assert answer.status_code == 303
    user.refresh_from_db()
    assert (user.name, user.theme, user.has_single_keys) == ("Ana M", "dark", False)
    late = client.post("/people/me/", {**fields, "name": "Later"})
    assert late.status_code == 409
    assert "Name, yours" in late.text
    assert client.post("/people/me/", {**fields, "version": 2, "name": "Later"}).status_code == 303


def test_a_token_is_shown_once_and_ended(client, at):
    user = people.user()
    client.force_login(user)

    page = client.post("/people/me/tokens/", {"name": "CI", "scope": "read", "days": 30})

    made = Token.objects.get()
    assert f"rh_{made.prefix}_" in page.text
    text = page.text.partition(f"rh_{made.prefix}_")[2][:64]
    assert find(f"rh_{made.prefix}_{text}", at=made.expires_at.replace(year=2020)) == made
    assert text not in client.get("/people/me/").text
    client.post(reverse("people:revoke_token", args=[made.pk]))
    made.refresh_from_db()
    assert made.revoked_at


def test_a_strangers_token_does_not_exist(client, at):
    owner, stranger = people.user(), people.user()
    made, _ = token.issue(owner, name="x", by=SYSTEM, at=at)
    client.force_login(stranger)

    assert client.post(reverse("people:revoke_token", args=[made.pk])).status_code == 404


def test_a_password_change_needs_the_current_password(client, at, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    user = people.user()
    person.set_password(user, "a-long-enough-passphrase", by=SYSTEM, at=at)
    client.force_login(User.objects.get(pk=user.pk))
    new = {"password": "another-long-passphrase", "again": "another-long-passphrase"}

    assert client.post("/people/me/password/", {"current": "wrong", **new}).status_code == 422
    answer = client.post("/people/me/password/", {"current": "a-long-enough-passphrase", **new})

    assert answer.status_code == 303
    assert client.get("/people/me/").status_code == 200


def test_days_away_are_noted_and_taken_back(client):
    user, other = people.user(), people.user()
    client.force_login(user)
    days = {"from_on": "2026-12-01", "until_on": "2026-12-05", "stand_in": other.pk}

    assert client.post("/people/me/away/", days).status_code == 303
    assert client.post("/people/me/away/", {**days, "until_on": "2026-11-30"}).status_code == 422
    absence = Absence.objects.get()
    assert absence.from_on == date(2026, 12, 1)
    assert client.post(reverse("people:be_back", args=[absence.pk])).status_code == 303
    assert not Absence.objects.exists()


@pytest.mark.parametrize("address", ["/people/", "/people/teams/"])
def test_lists_cost_the_same_at_one_and_at_three(client, boss, address, django_assert_num_queries):
    def grow():
        people.team(lead=people.user(function=people.function()))

    grow()
    client.get(address)
    with CaptureQueriesContext(connection) as counted:
        assert client.get(address).status_code == 200
    grow(), grow()
    with django_assert_num_queries(len(counted)):
        client.get(address)


def test_the_list_is_filtered(client, boss, at):
    people.user("Ana", function=people.function("security"))
    gone = people.user("Gone")
    person.deactivate(gone, by=SYSTEM, at=at)

    assert "Ana" in client.get("/people/?q=ana").text
    assert "Ana" not in client.get("/people/?function=product").text
    assert "Gone" not in client.get("/people/").text
    assert "Gone" in client.get("/people/?is_active=false").text
    assert "No people match" in client.get("/people/?q=zzz").text


def confirm_identity(client, user):
    """Sign a person in who has just entered their password again."""
    person.set_password(user, PASSWORD, by=SYSTEM, at=AT)
    client.force_login(user)
    assert client.post("/people/me/confirm/", {"password": PASSWORD}).status_code == 303


def test_an_administrator_confirms_before_they_change_how_somebody_signs_in(client, boss):
    """A new email is one, because its reader can reset the password. A name is none."""
    ana = people.user("Ana", email="ana@example.org")
    at = reverse("people:person_detail", args=[ana.pk])
    asked = f"/people/me/confirm/?next=%2Fpeople%2F{ana.pk}%2F"
    fields = {"name": "Ana M", "email": ana.email, "version": ana.version}

    assert client.post(at + "change/", fields)["Location"] == at
    ana.refresh_from_db()
    moved = {**fields, "email": "taken@example.org", "version": ana.version}
    assert client.post(at + "change/", moved)["Location"] == asked
    assert client.post(at + "link/")["Location"] == asked
    ana.refresh_from_db()
    assert (ana.name, ana.email) == ("Ana M", "ana@example.org")
    assert not Event.objects.filter(verb="people.password_link_made").exists()

    confirm_identity(client, boss)
    assert client.post(at + "change/", moved)["Location"] == at
    assert client.post(at + "link/").status_code == 200


def test_an_administrator_adds_changes_and_deactivates(client, boss):
    confirm_identity(client, boss)
    science = people.function("data-science")
    fields = {"name": "Ana", "email": "ana@example.org", "function": science.pk, "role": "member"}

    assert client.get("/people/new/").status_code == 200
    assert client.post("/people/new/", fields).status_code == 303
    assert client.post("/people/new/", fields).status_code == 422
    ana = User.objects.get(email="ana@example.org")
    at = reverse("people:person_detail", args=[ana.pk])
    assert client.get(at).status_code == 200
    assert client.post(at + "change/", {**fields, "name": "Ana M", "version": 1}).status_code == 303
    assert client.post(at + "change/", {**fields, "name": "Late", "version": 1}).status_code == 409
    assert client.post(at + "role/", {"role": "risk_manager", "version": 2}).status_code == 303
    assert client.post(at + "deactivate/", {"version": 3}).status_code == 303
    ana.refresh_from_db()
    assert (ana.name, ana.role, ana.is_active) == ("Ana M", "risk_manager", False)
    assert client.post(at + "link/").status_code == 422
    assert client.post(at + "reactivate/", {"version": ana.version}).status_code == 303


def test_who_is_no_administrator_is_refused(client):
    ana, ben = people.user("Ana"), people.user("Ben")
    client.force_login(ana)
    at = reverse("people:person_detail", args=[ben.pk])

    assert client.get(at).status_code == 200
    for act in ("change/", "role/", "link/", "deactivate/", "reactivate/"):
        assert client.post(at + act).status_code == 403
    assert client.get("/people/new/").status_code == 403
    assert client.get("/people/settings/").status_code == 403
    ben.refresh_from_db()
    assert ben.is_active


def test_a_lead_keeps_their_teams_members_and_no_others(client):
    lead, ana, other = people.user(), people.user(), people.user()
    team = people.team("Fraud", lead=lead)
    client.force_login(lead)
    at = reverse("people:team_detail", args=[team.slug])

    assert client.post(at + "members/", {"user": ana.pk}).status_code == 303
    assert ana in team.members.all()
    assert client.get(at).status_code == 200
    client.force_login(other)
    assert client.post(at + f"members/{ana.pk}/leave/").status_code == 403
    client.force_login(lead)
    assert client.post(at + f"members/{ana.pk}/leave/").status_code == 303
    assert not team.members.filter(pk=ana.pk).exists()


def test_an_administrator_adds_and_changes_a_team(client, boss):
    assert client.post("/people/teams/new/", {"name": "Fraud ML", "lead": boss.pk}).status_code == 303
    team = Team.objects.get()
    at = reverse("people:team_detail", args=[team.slug])
    assert client.post(at + "change/", {"name": "Fraud", "lead": boss.pk, "version": 1}).status_code == 303
    assert client.post(at + f"members/{boss.pk}/leave/").status_code == 422


def test_the_organisation_is_changed(client, boss, at):
    found = organisation.found(name="N", by=SYSTEM, at=at)
    page = client.get("/people/settings/")
    assert page.status_code == 200
    fields = {
        "version": found.version,
        "name": "Northwind",
        "time_zone": "Europe/Berlin",
        "working_days": [0, 1, 2],
        "day_starts_at": "08:00",
        "day_ends_at": "16:00",
        "digest_weekday": 4,
        "digest_at": "15:00",
        "search_language": "german",
        "max_acceptance_days": 365,
        "outcome_weeks": 6,
        "max_blocked_days": 3,
    }
    assert '<option value="german">German</option>' in page.content.decode()

    assert client.post("/people/settings/", {**fields, "search_language": "klingon"}).status_code == 422
    assert client.post("/people/settings/", {**fields, "outcome_weeks": 0}).status_code == 422
    assert client.post("/people/settings/", fields).status_code == 303
    assert Organisation.objects.get().outcome_weeks == 6
    assert Organisation.objects.get().working_days == [0, 1, 2]
    assert Organisation.objects.get().search_language == "german"
    assert (
        client.post("/people/settings/", {**fields, "day_ends_at": "07:00", "version": 2}).status_code == 422
    )
    assert client.post("/people/functions/new/", {"name": "Legal"}).status_code == 303
    assert Function.objects.filter(slug="legal").exists()


def test_who_signed_in_when_is_shown_to_that_person_and_administrators_only(client, at):
    ana, ben = people.user("Ana"), people.user("Ben")
    from history import operations as history

    history.record(ana, "people.signed_in", by=SYSTEM, at=at)
    address = reverse("people:person_detail", args=[ana.pk])

    client.force_login(ben)
    assert "signed in" not in client.get(address).text
    client.force_login(ana)
    assert "signed in" in client.get(address).text


@pytest.mark.parametrize("query", ["after=x", "before=WzFd", "after=WyJhIiwiYiJd", "q=%00", "function=%00"])
@pytest.mark.parametrize("address", ["/people/", "/people/teams/"])
def test_junk_in_a_lists_address_is_no_breakdown(client, boss, address, query):
    assert client.get(f"{address}?{query}").status_code < 500


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("address", "fields", "made"),
    [
        ("/people/me/tokens/", {"name": "CI", "scope": "read", "days": 30}, Token),
        ("/people/me/away/", {"from_on": "2027-01-01", "until_on": "2027-01-02"}, Absence),
        ("/people/teams/new/", {"name": "Fraud"}, Team),
        ("/people/functions/new/", {"name": "Legal"}, Function),
        ("/people/new/", {"name": "Ana", "email": "ana@example.org", "role": "member"}, User),
    ],
)
@pytest.mark.parametrize("key", ["drawn-by-the-page", ""])
def test_a_form_sent_twice_at_once_makes_one(address, fields, made, key):
    boss = people.user("Boss", role=Role.ADMINISTRATOR)
    before, start = made.objects.count(), threading.Barrier(4, timeout=30)
    clients = [Client() for _ in range(4)]
    for client in clients:
        client.force_login(boss)

    def press(client):
        start.wait()
        try:
            return client.post(address, {**fields, "once": key}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(press, clients))

    assert set(codes) <= {200, 303, 422}
    if key or made is not Token:  # without the page's key two tokens with one name cannot be distinguished
        assert made.objects.count() == before + 1


@pytest.mark.parametrize("query", ["gone=1", "is_active=yes", "q=a&q=b", "order=age"])
def test_the_list_refuses_what_it_does_not_know(client, boss, query):
    for address in ("/people/", "/api/v1/people"):
        answer = client.get(f"{address}?{query}")
        assert (answer.status_code, query.split("=")[0] in answer.text) == (400, True), address
