"""People, teams and functions."""

from itertools import count

from history import operations as history
from kit.actor import SYSTEM
from people.models import Function, Membership, Organisation, Team, User
from people.slugs import slug_of
from people.states import Role
from tests.conftest import AT

_numbers = count(1)


def organisation(**fields) -> Organisation:
    found = Organisation(
        pk=1, **{"name": "Northwind", "time_zone": "Europe/Berlin", "is_sample": True, **fields}
    )
    history.record(found, "people.organisation_set_up", by=SYSTEM, at=AT)
    return found


def function(slug: str = "data-science") -> Function:
    known = Function.objects.filter(slug=slug).first()
    if known:
        return known
    found = Function(slug=slug, name=slug.replace("-", " ").capitalize())
    history.record(found, "people.function_added", by=SYSTEM, at=AT)
    return found


def user(
    name: str = "", *, role: Role = Role.MEMBER, function: Function | None = None, teams=(), **fields
) -> User:
    number = next(_numbers)
    name = name or f"Person {number}"
    email = fields.pop("email", f"{name.lower().replace(' ', '.')}.{number}@example.org")
    handle = fields.pop("handle", f"{slug_of(name)[:50]}-{number}")
    found = User(email=email, name=name, handle=handle, role=role, function=function, **fields)
    found.set_unusable_password()
    history.record(found, "people.person_added", by=SYSTEM, at=AT)
    for team_of in teams:
        member(team_of, found)
    return found


def team(name: str = "", *, lead: User | None = None) -> Team:
    number = next(_numbers)
    name = name or f"Team {number}"
    found = Team(slug=f"{name.lower().replace(' ', '-')}", name=name, lead=lead)
    history.record(found, "people.team_added", by=SYSTEM, at=AT)
    return found


def member(team_of: Team, person: User) -> Membership:
    found = Membership(team=team_of, user=person)
    history.record(found, "people.member_added", by=SYSTEM, at=AT)
    person.__dict__.pop("sight", None)
    person.__dict__.pop("team_ids", None)
    return found
