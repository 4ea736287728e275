"""People: added, changed, away, deactivated, reactivated; teams and the organisation."""

from datetime import date, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from history.models import Event, Subject
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, Refused
from people.models import Function, Organisation, SetUpLink, User
from people.operations import organisation, person, team
from people.states import SEEDED_FUNCTIONS, Role
from tests.factories import people

pytestmark = pytest.mark.django_db


def test_add_makes_a_person_with_an_address_in_small_letters(at):
    user = person.add(name="  Ana   Moreau ", email=" Ana@Example.org", by=SYSTEM, at=at)

    assert (user.name, user.email, user.role) == ("Ana Moreau", "ana@example.org", Role.MEMBER)
    assert not user.has_usable_password()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": "ANA@example.org"}, "email"),
        ({"email": "nowhere"}, "email"),
        ({"name": " "}, "name"),
        ({"role": "king"}, "role"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"password": "short"}, "password"),
        ({"password": "123456789012"}, "password"),
        ({"name": "Bernadette Longname", "password": "bernadettelongname"}, "password"),
    ],
)
def test_add_refuses_and_names_the_field(wrong, field, at):
    person.add(name="Ana", email="ana@example.org", by=SYSTEM, at=at)

    with pytest.raises(Refused) as refusal:
        person.add(**{"name": "B", "email": "b@example.org", **wrong}, by=SYSTEM, at=at)

    assert refusal.value.field == field


def test_change_sets_fields_and_the_title_of_the_subject(at):
    user = people.user("Ana")

    person.change(user, {"name": "Ana Moreau", "time_zone": "Asia/Tokyo"}, by=Actor(user, "page"), at=at)

    assert Subject.objects.get(pk=user.subject_id).title == "Ana Moreau"
    with pytest.raises(ChangedMeanwhile):
        person.change(user, {"name": "X"}, by=Actor(user, "page"), at=at, seen=1)
    with pytest.raises(Refused):
        person.change(user, {"role": "administrator"}, by=Actor(user, "page"), at=at)


def test_deactivating_ends_sessions_at_once_and_for_good(at, client):
    boss, user = people.user(role=Role.ADMINISTRATOR), people.user()
    person.set_password(user, "a-long-enough-passphrase", by=SYSTEM, at=at)
    client.force_login(User.objects.get(pk=user.pk))
    me = reverse("people:account")
    assert client.get(me).status_code == 200

    person.deactivate(user, by=Actor(boss, "page"), at=at)
    assert client.get(me).status_code == 302

    person.reactivate(user, by=Actor(boss, "page"), at=at)
    assert client.get(me).status_code == 302
    assert not Client().login(email=user.email, password="a-long-enough-passphrase")


def test_the_last_administrator_stays_and_nobody_deactivates_themselves(at):
    boss = people.user(role=Role.ADMINISTRATOR)

    with pytest.raises(Refused):
        person.deactivate(boss, by=SYSTEM, at=at)
    with pytest.raises(Refused):
        person.set_role(boss, Role.MEMBER, by=SYSTEM, at=at)
    people.user(role=Role.ADMINISTRATOR)
    with pytest.raises(Refused):
        person.deactivate(boss, by=Actor(boss, "page"), at=at)
    person.set_role(boss, Role.MEMBER, by=Actor(boss, "page"), at=at)


def test_a_new_password_ends_other_sessions_and_is_in_no_event(at, client):
    user = people.user()
    client.force_login(user)

    person.set_password(user, "correct horse battery", by=Actor(user, "page"), at=at)

    assert client.get(reverse("people:account")).status_code == 302
    assert "pbkdf2" not in str(list(Event.objects.values()))
    assert Event.objects.filter(verb="people.password_changed").count() == 1


def test_absences_do_not_overlap_and_can_be_dropped(at):
    user, other = people.user(), people.user()
    days = {"from_on": date(2026, 12, 1), "until_on": date(2026, 12, 5)}

    absence = person.be_away(user, **days, stand_in=other, reason="private", by=Actor(user, "page"), at=at)

    with pytest.raises(Refused):
        person.be_away(user, from_on=date(2026, 12, 5), until_on=date(2026, 12, 6), by=SYSTEM, at=at)
    with pytest.raises(Refused):
        person.be_away(other, **days, stand_in=other, by=SYSTEM, at=at)
    assert "private" not in str(list(Event.objects.values()))
    person.be_back(absence, by=Actor(user, "page"), at=at)
    assert not user.absences.exists()


def test_a_lead_is_a_member_and_stays_one(at):
    lead, other = people.user(), people.user()

    made = team.add(name="Fraud ML", lead=lead, by=SYSTEM, at=at)

    assert made.slug == "fraud-ml"
    assert lead in made.members.all()
    with pytest.raises(Refused):
        team.leave(made, lead, by=SYSTEM, at=at)
    team.change(made, {"lead": other}, by=SYSTEM, at=at)
    assert set(made.members.all()) == {lead, other}
    team.leave(made, lead, by=SYSTEM, at=at)
    assert Event.objects.get(verb="people.member_removed").data == {"person": lead.subject_id}
    with pytest.raises(Refused):
        team.add(name="fraud ml", by=SYSTEM, at=at)


def test_a_member_sees_what_is_restricted_to_the_team(at):
    user, made = people.user(), people.team()

    team.join(made, user, by=SYSTEM, at=at)

    assert made.subject_id in User.objects.get(pk=user.pk).sight.ids


def test_set_up_works_once(at):
    secret = organisation.make_link(at=at)
    fields = {
        "name": "Northwind",
        "time_zone": "Europe/Berlin",
        "person_name": "Ana",
        "email": "ana@example.org",
        "password": "a-long-enough-passphrase",
    }

    with pytest.raises(Refused):
        organisation.set_up(secret, **fields, at=at + timedelta(days=8))
    with pytest.raises(Refused):
        organisation.set_up("0" * 64, **fields, at=at)
    first = organisation.set_up(secret, **fields, at=at)

    assert first.role == Role.ADMINISTRATOR
    assert Organisation.objects.get().name == "Northwind"
    assert Function.objects.count() == len(SEEDED_FUNCTIONS)
    with pytest.raises(Refused):
        organisation.set_up(secret, **fields, at=at)
    with pytest.raises(Refused):
        organisation.make_link(at=at)
    assert secret not in str(list(SetUpLink.objects.values()))


def test_a_failed_set_up_does_not_use_up_the_link(at):
    secret = organisation.make_link(at=at)

    with pytest.raises(Refused):
        organisation.set_up(
            secret, name="N", time_zone="UTC", person_name="A", email="a@b.org", password="x", at=at
        )

    assert not Organisation.objects.exists()
    assert SetUpLink.objects.get().used_at is None


def test_the_organisation_keeps_sensible_hours(at):
    found = people.organisation()

    organisation.change(found, {"day_starts_at": time(8), "working_days": [0, 1]}, by=SYSTEM, at=at)
    with pytest.raises(Refused):
        organisation.change(found, {"day_ends_at": time(7)}, by=SYSTEM, at=at)
    with pytest.raises(Refused):
        organisation.change(found, {"working_days": []}, by=SYSTEM, at=at)
