"""The people of goal 18: teams of twenty with twenty risks that changed this week, and work that is due."""

from __future__ import annotations

from datetime import datetime, timedelta

from actions.models import Action
from history import operations as history
from kit.actor import SYSTEM
from people.models import Function, Membership, Team, User
from risklog.models import Category, Risk
from risklog.states import RiskState

RISKS_EACH = 20
TEAM_SIZE = 20
ACTIONS_EACH = 2


def add_readers(count: int, at: datetime) -> list[User]:
    """Add the people with their teams, risks and actions. Returns them with `expected`: a title they read."""
    functions = list(Function.objects.order_by("id"))
    stamp = f"{at:%H%M%S}"
    readers = [
        User(
            email=f"d{number}-{stamp}@bench.example",
            name=f"Digest reader {number}",
            handle=f"digest-reader-{number}-{stamp}",
            function=functions[number % len(functions)],
            password="!",  # noqa: S106 - none fits
        )
        for number in range(count)
    ]
    history.record_many(readers, "people.person_added", by=SYSTEM, at=at)
    teams = [
        Team(slug=f"digest-team-{number}-{stamp}", name=f"Digest team {number} of {stamp}")
        for number in range(-(-count // TEAM_SIZE))
    ]
    history.record_many(teams, "people.team_added", by=SYSTEM, at=at)
    members = [Membership(team=teams[place // TEAM_SIZE], user=one) for place, one in enumerate(readers)]
    history.record_many(members, "people.member_added", by=SYSTEM, at=at)
    for place, team in enumerate(teams):
        title = f"Digest risk of team {place}, number"
        _add_risks(team, readers[place * TEAM_SIZE], title, at)
        for one in readers[place * TEAM_SIZE : (place + 1) * TEAM_SIZE]:
            one.expected = title
    _add_actions(readers, at)
    return readers


def _add_risks(team: Team, owner: User, title: str, at: datetime) -> None:
    """Add risks that were opened a month ago and whose assessment began yesterday."""
    category = Category.objects.order_by("id")[0]
    risks = [
        Risk(
            title=f"{title} {number}",
            description="It was seen in the benchmark.",
            category=category,
            team=team,
            owner=owner,
            likelihood=5,
            impact=1 + number % 5,
            state=RiskState.OPEN,
            opened_at=at - timedelta(days=30),
            updated_at=at - timedelta(days=30),
        )
        for number in range(RISKS_EACH)
    ]
    history.record_many(risks, "risklog.risk_opened", by=SYSTEM, at=at - timedelta(days=30))
    yesterday = at - timedelta(days=1)
    history.move_many(risks, RiskState.ASSESSING, by=SYSTEM, at=yesterday, values={"updated_at": yesterday})


def _add_actions(readers: list[User], at: datetime) -> None:
    actions = [
        Action(
            title=f"Digest action {number}",
            owner=one,
            due_on=at.date() + timedelta(days=number),
            made_at=at - timedelta(days=9),
        )
        for one in readers
        for number in range(ACTIONS_EACH)
    ]
    history.record_many(actions, "actions.action_opened", by=SYSTEM, at=at - timedelta(days=9))
