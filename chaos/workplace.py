"""An organisation of 40 people in four teams, and the public API as each of them uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from django.test import Client

from catalogue.operations import model
from history import operations as history
from kit.actor import SYSTEM, Actor
from meetings.operations import series
from people.models import Function, Team, User
from people.operations import organisation, team, token
from people.states import Role, TokenScope
from risklog.operations import ladder, taxonomy

ZONE = "Europe/Berlin"
TEAMS = ("Credit", "Fraud", "Growth", "Claims")
PEOPLE_OF_A_TEAM = 10
MODELS_OF_A_TEAM = 3
# Each team meets once a week on a day of its own.
DAYS = ("TU", "WE", "TH", "FR")


@dataclass
class Person:
    """A person with a token. refused: what the API refused, as "status method path: body"."""

    user: User
    secret: str
    refused: list[str] = field(default_factory=list)

    def get(self, path: str) -> Any:
        return self._asked("get", path, None, {})

    def rows(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield all rows of a list, page by page."""
        following: str | None = path
        while following:
            page = self.get(following)
            if page is None:
                return
            yield from page["results"]
            following = page["next"] and page["next"].split("/api/v1/", 1)[1]

    def post(self, path: str, body: Any = None, *, version: str = "*") -> Any:
        """Return the answer; None if the API refused it because somebody else was faster (409, 412)."""
        return self._asked("post", path, body or {}, {"If-Match": version})

    def _asked(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        client = Client(
            SERVER_NAME="localhost", headers={"Authorization": f"Bearer {self.secret}", **headers}
        )
        sent = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        answer = getattr(client, method)(f"/api/v1/{path}", **sent)
        if answer.status_code in (409, 412):
            return None
        if answer.status_code >= 400:
            self.refused.append(f"{answer.status_code} {method} {path}: {answer.content.decode()[:300]}")
            return None
        return answer.json() if answer.content else {}


@dataclass(frozen=True)
class Workplace:
    """people: everyone. sender: whose token the monitoring tool uses. models: slugs."""

    people: Sequence[Person]
    sender: Person
    models: Sequence[str]

    @property
    def refused(self) -> list[str]:
        return [line for person in (*self.people, self.sender) for line in person.refused]


def open_workplace(at: datetime) -> Workplace:
    """Create the organisation, its people, models, ladders and weekly meetings."""
    organisation.found(name="Northwind", time_zone=ZONE, is_sample=True, by=SYSTEM, at=at)
    taxonomy.seed(by=SYSTEM, at=at)
    functions = list(Function.objects.order_by("pk"))
    people: list[Person] = []
    models: list[str] = []
    teams: list[Team] = []
    for name in TEAMS:
        members = [_person(len(people) + place, functions, at) for place in range(PEOPLE_OF_A_TEAM)]
        teams.append(_team(name, [person.user for person in members], at))
        people += members
        models += [_model(f"{name} {number}", teams[-1], at) for number in range(1, MODELS_OF_A_TEAM + 1)]
    ladder.seed(by=SYSTEM, at=at)
    for day, owner in zip(DAYS, teams, strict=True):
        _meetings(day, owner, functions, at)
    _, secret = token.issue(
        people[0].user, name="monitoring", scope=TokenScope.INGEST, days=365, by=Actor(people[0].user), at=at
    )
    return Workplace(people, Person(people[0].user, secret), models)


def _person(number: int, functions: Sequence[Function], at: datetime) -> Person:
    user = User(
        email=f"person{number}@example.org",
        name=f"Person {number}",
        handle=f"person-{number}",
        role=Role.RISK_MANAGER if number % PEOPLE_OF_A_TEAM == 0 else Role.MEMBER,
        function=functions[number % len(functions)],
    )
    user.set_unusable_password()
    history.record(user, "people.person_added", by=SYSTEM, at=at)
    _, secret = token.issue(user, name="work", scope=TokenScope.WRITE, days=365, by=Actor(user), at=at)
    return Person(user, secret)


def _team(name: str, members: Sequence[User], at: datetime) -> Team:
    found = team.add(name=name, lead=members[0], by=SYSTEM, at=at)
    for user in members[1:]:
        team.join(found, user, by=SYSTEM, at=at)
    return found


def _model(name: str, owner: Team, at: datetime) -> str:
    return model.add(name=name, owner_team=owner, tier=2, by=SYSTEM, at=at).slug


def _meetings(day: str, owner: Team, functions: Sequence[Function], at: datetime) -> None:
    series.add(
        name=f"{owner.name} risk forum",
        first_on=(at - timedelta(days=at.weekday())).date(),
        starts_at=time(10),
        time_zone=ZONE,
        rrule=f"FREQ=WEEKLY;BYDAY={day}",
        teams=[owner],
        functions=list(functions),
        by=SYSTEM,
        at=at,
    )
