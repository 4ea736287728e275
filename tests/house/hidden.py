"""A risk with all that can hang on it, open at first and then restricted in one transaction.

Every text carries CANARY, and every reference and id of its objects matches NUMBER, which nothing else does:
so whatever an answer lets slip is found, be it a word, a reference or an id.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import psycopg
from django.db import connection, models
from django.db.models import F, Model, Value
from django.db.models.functions import Concat

from actions.models import Action
from actions.operations import action as action_operations
from history.models import Due, Subject
from kit.actor import Actor
from learnings.models import Learning
from meetings.models import AgendaItem, Decision, Meeting
from meetings.operations import decision as decisions
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from notices.operations import digest
from people.models import User
from riskhub import schedule
from risklog.models import Climb, Escalation, Review, Reviewer, Risk
from risklog.operations import reviewer as reviewers
from risklog.operations import risk as risk_operations
from tests.conftest import AT
from tests.factories import actions, learnings, people, risklog_review, risks
from tests.factories import meetings as meeting_factory
from tests.house.addresses import NO_ID
from tests.house.world import Objects, World

CANARY = "Quetzal"
NUMBER = re.compile(r"(?<![0-9])774[0-9]{4}(?![0-9])")
FIRST = 7_740_001
LATER = AT + timedelta(hours=6)
# What an id of the hidden objects can be an id of.
_NUMBERED = (Subject, Risk, Review, Reviewer, Escalation, Climb, Action, Decision, Learning)
_TEXTS = (Risk, Review, Reviewer, Escalation, Climb, Action, Decision, Learning, AgendaItem)


@dataclass
class Missing:
    """An object that does not exist: it has only what an address can ask for."""

    reference: str
    pk: int = NO_ID
    subject_id: int = NO_ID


@dataclass
class Family:
    """hidden: the objects under the risk, and for the other kinds the open ones. missing: none there, alike.

    called: the people who see parts of it by a grant, by the kind that they were asked about.
    """

    risk: Risk
    hidden: Objects
    missing: Objects
    called: dict[str, User]

    @property
    def names(self) -> list[str]:
        """Everything that can name one of the objects: references, ids, and ids of subjects."""
        rows = [getattr(self.hidden, name) for name in _HIDDEN if name != "item"]
        return [*(row.reference for row in rows), *(str(row.pk) for row in rows), str(self.risk.subject_id)]


_HIDDEN = ("risk", "review", "escalation", "action", "learning", "decision", "item")


def like_missing(name: str) -> str:
    """Return the name of an object that does not exist, in the shape of this one."""
    return NUMBER.sub(str(NO_ID), name)


@contextmanager
def _numbered() -> Iterator[None]:
    """Give objects that are created meanwhile ids and references that match NUMBER."""
    names = [connection.introspection.get_sequences(connection.cursor(), model._meta.db_table)[0]["name"]
             for model in _NUMBERED]  # fmt: skip
    names += [f"history_reference_{letter}" for letter in "rqeadl"]
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True, dbname=_database()) as owner:
        before = {
            name: owner.execute(f"SELECT last_value, is_called FROM {name}").fetchone() for name in names
        }
        for place, name in enumerate(names):
            owner.execute("SELECT setval(%s, %s, false)", [name, FIRST + 300 * place])
        yield
        for name, (value, is_called) in before.items():
            owner.execute("SELECT setval(%s, %s, %s)", [name, value, is_called])


def _database() -> str:
    return str(connection.settings_dict["NAME"])


def cast(world: World) -> None:
    """People besides those of the world: a member of another team whom nothing asks, from whom the family is
    hidden, a reviewer, and somebody who does one of its actions.
    """
    world.people["outsider"] = people.user("Zoe Outsider", teams=[people.team("Elsewhere")])
    world.people["reviewer"] = people.user("Rita Reviewer", function=people.function("risk-management"))
    world.people["doer"] = people.user("Drew Doer")


def add(world: World, *, is_told: bool = True) -> Family:
    """A risk with a review that was answered, a climbing escalation, actions, decisions, learnings and agenda
    items, handed on to inboxes, mails and digests; open to everyone.

    is_told: whether the outsider was told of a part of it, when they owned an action and took part
    in a meeting.
    """
    rita, drew = world.people["reviewer"], world.people["doer"]
    over = meeting_factory.series(
        world.extra["team"], participants=[world.people["outsider"]] if is_told else []
    )
    world.extra["over"] = meeting_factory.live(over)
    schedule.tick(LATER)
    with _numbered():
        risk, hidden = _create(world, reviewer=rita, doer=drew, is_told=is_told)
    _saturate(risk)
    hidden.risk = risk = Risk.objects.select_related("subject", "owner").get(pk=risk.pk)
    missing = replace(hidden, **{name: _missing(getattr(hidden, name)) for name in _HIDDEN})
    return Family(risk, hidden, missing, {"review": rita, "action": drew})


def _create(world: World, *, reviewer: User, doer: User, is_told: bool) -> tuple[Risk, Objects]:
    owner = world.people["owner"]
    risk = risks.risk(
        f"{CANARY} risk",
        description=f"{CANARY} was seen",
        team=world.extra["team"],
        owner=owner,
        person=owner,
        likelihood=5,
        impact=5,
        tags=[CANARY],
    )
    hidden = _below(world, risk, reviewer=reviewer, doer=doer)
    schedule.tick(LATER)
    if is_told:
        _told_of_once(world, risk)
    return risk, hidden


def _below(world: World, risk: Risk, *, reviewer: User, doer: User) -> Objects:
    owner, act = world.people["owner"], {"by": Actor(world.people["owner"], "page"), "at": AT}
    review = risklog_review.review(about=risk.subject, title=f"{CANARY} review", why=f"{CANARY} why")
    if not review.reviewers.filter(user=reviewer).exists():
        reviewers.ask(review, reviewer, why=f"{CANARY} asked", **act)
    reviewers.answer(review, verdict="confirmed", note=f"{CANARY} note", by=Actor(reviewer, "page"), at=AT)
    escalation = risklog_review.escalation(
        about=risk.subject, team=risk.team, title=f"{CANARY} escalation", why=f"{CANARY} why"
    )
    action = actions.action(f"{CANARY} action", owner=doer, about=risk.subject, details=f"{CANARY} details")
    decision = _discussed(world, risk)
    learning = learnings.published(f"{CANARY} learning", author=owner, about=risk.subject, tags=[CANARY])
    learnings.draft(f"{CANARY} draft", about=review.subject, author=owner)
    meeting_factory.decision(text=f"{CANARY} further", about=action.subject, by=owner, meeting=None)
    coming = world.extra["coming"]
    item = items.add(coming, title=f"{CANARY} item", about=action.subject, why=f"{CANARY} why", **act)
    items.note(item, notes=f"{CANARY} notes", **act)
    found = replace(
        world.open,
        risk=risk,
        review=review,
        escalation=Escalation.objects.select_related("subject").get(pk=escalation.pk),
        action=action,
        learning=learning,
        decision=decision,
        item=item,
    )
    return found


def _discussed(world: World, risk: Risk) -> Decision:
    """It is on the agenda of the live meeting and of one that is over, each with notes and a decision."""
    act = {"by": Actor(world.people["facilitator"], "page"), "at": AT}
    over = world.extra["over"]
    for meeting in (over, Meeting.objects.get(pk=world.extra["live"].pk)):
        item = items.add(meeting, title=f"{CANARY} item", about=risk.subject, why=f"{CANARY} why", **act)
        items.take_up(item, **act)
        items.note(item, notes=f"{CANARY} notes", **act)
        decision = decisions.record(
            text=f"{CANARY} decision",
            reason=f"{CANARY} reason",
            item=item,
            actions=[{"title": f"{CANARY} of a decision", "owner": world.people["mate"]}],
            **act,
        )
    meetings.close(Meeting.objects.get(pk=over.pk), **act)
    return decision


def _told_of_once(world: World, risk: Risk) -> None:
    """The outsider was told while they owned an action, in inbox, mail and digest; and mails wait for all."""
    person, act = world.people["outsider"], {"by": Actor(world.people["owner"], "page"), "at": LATER}
    handed = actions.action(f"{CANARY} handed on", owner=person, about=risk.subject, at=LATER)
    schedule.tick(LATER)
    digest.make(Due.objects.filter(kind=digest.DUE, subject=person.subject_id).latest("at"), at=LATER)
    action_operations.change(Action.objects.get(pk=handed.pk), {"owner": world.people["mate"]}, **act)
    waiting = actions.action(f"{CANARY} mail waits", owner=person, about=risk.subject, at=LATER)
    schedule.act(LATER)
    action_operations.change(Action.objects.get(pk=waiting.pk), {"owner": world.people["mate"]}, **act)


def _saturate(risk: Risk) -> None:
    """Write CANARY into every text of every row below the risk that does not carry it yet."""
    below = Subject.objects.filter(models.Q(pk=risk.subject_id) | models.Q(root=risk.subject_id))
    for model in _TEXTS:
        rows = _rows_of(model, below)
        assert rows.exists(), model
        for field in _texts(model):
            filled = rows.exclude(**{f"{field}__contains": CANARY})
            filled.update(**{field: Concat(Value(f"{CANARY} "), F(field))})


def _rows_of(model: type[Model], below: Any) -> Any:
    if model is AgendaItem:
        return AgendaItem._base_manager.filter(about__in=below)
    path = {Reviewer: "review__subject__in", Climb: "escalation__subject__in"}.get(model, "subject__in")
    return model._base_manager.filter(**{path: below})


def _texts(model: type[Model]) -> list[str]:
    """Fields that people write into."""
    kinds = (models.CharField, models.TextField)
    return [
        field.name
        for field in model._meta.concrete_fields
        if isinstance(field, kinds) and not field.choices and not isinstance(field, models.URLField)
    ]


def _missing(row: Any) -> Missing:
    reference = getattr(row, "reference", "")
    return Missing(like_missing(reference) if reference else "")


def restrict(family: Family, world: World) -> None:
    """In one transaction, and nothing more: no relay, no tick."""
    owner = Actor(world.people["owner"], "page")
    risk_operations.restrict(family.risk, teams=[world.extra["team"]], by=owner, at=LATER)
