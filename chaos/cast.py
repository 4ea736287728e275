"""The work of a run: escalations on a ladder, and actions with owners, created by operations."""

from dataclasses import dataclass
from datetime import datetime

from actions.operations import action
from history import operations as history
from kit.actor import SYSTEM
from people.models import Function, User
from people.states import Role
from risklog.operations import escalation, ladder
from risklog.states import Who

RUNGS = 4  # the first is notified at the start, each further one by a climb


@dataclass(frozen=True)
class Cast:
    """Subject ids of the created objects. called: the number of people that one rung notifies."""

    escalations: list[int]
    actions: list[int]
    rungs: int
    called: int

    @property
    def climbs(self) -> int:
        """Return the number of climbs that due dates must cause."""
        return len(self.escalations) * (self.rungs - 1)

    @property
    def resent(self) -> int:
        return len(self.escalations) * self.rungs * self.called

    @property
    def parked(self) -> int:
        return len(self.actions)

    @property
    def messages(self) -> int:
        return self.resent + self.parked


def climbing(*, climbs: int, messages: int, at: datetime) -> Cast:
    """Create escalations with `climbs` climbs, one person per rung, and actions for the other messages."""
    count = climbs // (RUNGS - 1)
    return _cast(count, messages - count * RUNGS, rungs=RUNGS, called=1, at=at)


def mailing(*, messages: int, at: datetime, called: int = 5) -> Cast:
    """Create escalations on a ladder of one rung with `called` people, and actions for as many mails."""
    count = messages // 2 // called
    return _cast(count, messages - count * called, rungs=1, called=called, at=at)


def _cast(escalations: int, actions: int, *, rungs: int, called: int, at: datetime) -> Cast:
    crew = Function(slug="crew", name="Crew")
    history.record(crew, "people.function_added", by=SYSTEM, at=at)
    team = [_person(number, crew, at) for number in range(called)]
    owners = team + [_person(called + number, None, at) for number in range(5)]
    step = {"who": Who.FUNCTION, "function": crew, "within_minutes": 1, "is_round_the_clock": True}
    ladder.add(name="Chaos", rungs=[step] * rungs, by=SYSTEM, at=at)
    return Cast(
        [_escalated(number, at) for number in range(escalations)],
        [_given(number, owners[number % len(owners)], at) for number in range(actions)],
        rungs,
        called,
    )


def _person(number: int, function: Function | None, at: datetime) -> User:
    person = User(
        email=f"person{number}@example.org",
        name=f"Person {number}",
        handle=f"person-{number}",
        role=Role.MEMBER,
        function=function,
        is_digest_wanted=False,
    )
    person.set_unusable_password()
    history.record(person, "people.person_added", by=SYSTEM, at=at)
    return person


def _given(number: int, owner: User, at: datetime) -> int:
    return action.add(title=f"Task {number}", owner=owner, by=SYSTEM, at=at).subject_id


def _escalated(number: int, at: datetime) -> int:
    about = action.add(title=f"Blocked task {number}", by=SYSTEM, at=at)
    started = escalation.start(
        about=about.subject, title=f"Trouble {number}", why="Nobody answered.", by=SYSTEM, at=at
    )
    return started.subject_id
