"""A risk with all kinds of objects below it, open at first and then restricted in one transaction.

Every text contains CANARY, and only references and ids of its objects match NUMBER. So a test finds every
hidden text, reference and id in an answer.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import psycopg
from django.db import connection, models
from django.db.models import F, Model, Value
from django.db.models.functions import Concat

from actions.models import Action
from actions.operations import action as action_operations
from history.models import Due, Subject
from incidents.operations import postmortem as reviews
from kit.actor import SYSTEM, Actor
from learnings.models import Learning, Recognition
from meetings.models import AgendaItem, Decision, Meeting
from meetings.operations import control
from meetings.operations import decision as decisions
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from notices.operations import digest
from people.models import User
from riskhub import schedule
from risklog.models import Climb, Escalation, Experiment, Review, Reviewer, Risk
from risklog.operations import filled_template
from risklog.operations import reviewer as reviewers
from risklog.operations import risk as risk_operations
from tests.conftest import AT
from tests.factories import (
    actions,
    catalogue,
    experiments,
    incidents,
    learnings,
    people,
    recognitions,
    risklog_review,
    risks,
)
from tests.factories import meetings as meeting_factory
from tests.house.addresses import NO_ID
from tests.house.world import Objects, World

CANARY = "Quetzal"
NUMBER = re.compile(r"(?<![0-9])774[0-9]{4}(?![0-9])")
FIRST = 7_740_001
LATER = AT + timedelta(hours=6)
# The kinds of ids of the hidden objects.
_NUMBERED = (
    Subject,
    Risk,
    Review,
    Reviewer,
    Escalation,
    Climb,
    Action,
    Decision,
    Learning,
    Experiment,
    Recognition,
)
_TEXTS = (
    Risk,
    Review,
    Reviewer,
    Escalation,
    Climb,
    Action,
    Decision,
    Learning,
    AgendaItem,
    Experiment,
    Recognition,
)


@dataclass
class Missing:
    """An object that does not exist, with the attributes that addresses need."""

    reference: str
    pk: int = NO_ID
    subject_id: int = NO_ID


@dataclass
class Family:
    """The objects.

    hidden: those under the risk, for other kinds the open ones. missing: objects that do not exist.

    called: the people who see parts of it by a grant, by the kind of the granted object.
    """

    risk: Risk
    hidden: Objects
    missing: Objects
    called: dict[str, User]

    @property
    def names(self) -> list[str]:
        """Return everything that can name one of the objects: references, ids, and ids of subjects."""
        rows = [getattr(self.hidden, name) for name in _HIDDEN if name != "item"]
        return [
            *(row.reference for row in rows if row.reference),
            *(str(row.pk) for row in rows),
            str(self.risk.subject_id),
        ]


_HIDDEN = (
    "risk",
    "review",
    "escalation",
    "action",
    "learning",
    "decision",
    "experiment",
    "item",
    "recognition",
)


def like_missing(name: str) -> str:
    """Return the name of an object that does not exist, in the shape of this one."""
    return NUMBER.sub(str(NO_ID), name)


@contextmanager
def _numbered() -> Iterator[None]:
    """Give objects that are created in the block ids and references that match NUMBER."""
    names = [connection.introspection.get_sequences(connection.cursor(), model._meta.db_table)[0]["name"]
             for model in _NUMBERED]  # fmt: skip
    names += [f"history_reference_{letter}" for letter in "rqeadlx"]
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
    """Create a member of another team, from whom the objects are hidden, a reviewer, and an action owner."""
    world.people["outsider"] = people.user("Zoe Outsider", teams=[people.team("Elsewhere")])
    world.people["reviewer"] = people.user("Rita Reviewer", function=people.function("risk-management"))
    world.people["doer"] = people.user("Drew Doer")


def add(world: World, *, is_told: bool = True) -> Family:
    """Create an open risk with related objects, and process all events into inboxes, mails and digests.

    The related objects are an answered review, a running escalation, actions, decisions, learnings and agenda
    items. is_told: whether the outsider was notified about some of them, when they owned an action and took
    part in a meeting, and whether open objects link to the risk.
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
    if is_told:
        hidden.incident, hidden.postmortem = _incidents(world, risk)
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
    if is_told:
        learnings.use(world.open.use.learning, user=doer, about=risk.subject)
    schedule.tick(LATER)
    if is_told:
        _in_one_digest(world, risk)
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
    experiment = experiments.experiment(
        f"{CANARY} experiment", state="running", about=risk.subject, owners=_experimenters(world)
    )
    filled_template.add(
        template=world.extra["risklog:template"],
        about=risk.subject,
        values={"what_happened": f"{CANARY} happened"},
        title=f"{CANARY} analysis",
        **act,
    )
    decision = _discussed(world, risk)
    learning = learnings.published(f"{CANARY} learning", author=owner, about=risk.subject, tags=[CANARY])
    recognition = recognitions.recognition(
        f"{CANARY} thanks", about=risk.subject, people=[], team=world.extra["team"], text=CANARY, by=owner
    )
    learnings.draft(f"{CANARY} draft", about=review.subject, author=owner)
    meeting_factory.decision(
        text=f"{CANARY} further",
        about=action.subject,
        options=f"{CANARY} option",
        dissent=f"{CANARY} dissent",
        effects=[{"kind": "change_action", "target": action.subject, "due_on": date(2026, 12, 18)}],
        by=world.people["manager"],
        meeting=None,
    )
    action.refresh_from_db()
    coming = world.extra["coming"]
    item = items.add(coming, title=f"{CANARY} item", about=action.subject, why=f"{CANARY} why", **act)
    items.note(item, notes=f"{CANARY} notes", **act)
    found = replace(
        world.open,
        risk=risk,
        review=review,
        escalation=Escalation.objects.select_related("subject").get(pk=escalation.pk),
        experiment=experiment,
        action=action,
        learning=learning,
        recognition=recognition,
        decision=decision,
        item=item,
    )
    return found


def _experimenters(world: World) -> list[User]:
    return [world.people["owner"], *world.extra["experimenters"]]


def _incidents(world: World, risk: Risk) -> tuple[Any, Any]:
    """Return an incident and the review of another one, which everyone may see.

    They are roots of their own: only their links to the risk, and the note about it, are hidden.
    """
    incident = incidents.incident(
        "Open outage",
        about=risk.subject,
        person=world.people["owner"],
        lines=["It began."],
        models=[catalogue.model("outage-further")],
    )
    review = incidents.written(incidents.incident("Open loss", state="resolved"))
    act = {"by": SYSTEM, "at": AT}
    return incident, reviews.answer_risk(review, answer="linked", risk=risk, note=f"{CANARY} note", **act)


def _discussed(world: World, risk: Risk) -> Decision:
    """Put the risk on the agenda of the live and of a closed meeting, each with notes and a decision."""
    act = {"by": Actor(world.people["facilitator"], "page"), "at": AT}
    over = world.extra["over"]
    for one in (over, Meeting.objects.get(pk=world.extra["live"].pk)):
        meeting = control.take(one, **act)
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


def _in_one_digest(world: World, risk: Risk) -> None:
    """Notify the outsider while they own an action, by inbox, mail and digest. Mails wait for all people."""
    person, act = world.people["outsider"], {"by": Actor(world.people["owner"], "page"), "at": LATER}
    handed = actions.action(f"{CANARY} reassigned", owner=person, about=risk.subject, at=LATER)
    schedule.tick(LATER)
    digest.make(Due.objects.filter(kind=digest.DUE, subject=person.subject_id).latest("at"), at=LATER)
    action_operations.change(Action.objects.get(pk=handed.pk), {"owner": world.people["mate"]}, **act)
    waiting = actions.action(f"{CANARY} mail waits", owner=person, about=risk.subject, at=LATER)
    schedule.act(LATER)
    action_operations.change(Action.objects.get(pk=waiting.pk), {"owner": world.people["mate"]}, **act)


def _saturate(risk: Risk) -> None:
    """Write CANARY into every text of every row below the risk that lacks it."""
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
    """Return the fields that people edit."""
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
    """Restrict the risk in one transaction, without a relay or a tick."""
    owner = Actor(world.people["owner"], "page")
    risk_operations.restrict(family.risk, teams=[world.extra["team"]], by=owner, at=LATER)
