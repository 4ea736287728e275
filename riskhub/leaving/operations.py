"""Everything that a person owns, on one list, and its handover to one or several successors in one step."""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from actions.models import Action
from actions.operations import action as actions
from actions.states import UNFINISHED
from catalogue.models import DecisionRight, Model, Registry, RollbackProcedure, Workflow
from catalogue.operations import decision_right as rights
from catalogue.operations import model as models
from catalogue.operations import registry as registries
from catalogue.operations import rollback
from catalogue.operations import workflow as workflows
from history.models import Subject
from incidents.operations import role as incident_roles
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, Refused
from kit.rights import may
from kit.sight import Visitor
from leaders.models import Goal
from leaders.operations import goal as goals
from leaders.states import GoalState
from meetings.models import Meeting, MeetingSeries
from meetings.operations import series as all_series
from meetings.operations import turn
from meetings.states import MeetingState
from people.models import DutyRoster, ServiceAccount, Team, User
from people.operations import person as persons
from people.operations import roster as rosters
from people.operations import service_account as service_accounts
from people.operations import team as teams
from people.states import Role
from risklog.models import Escalation, Experiment, ExperimentOwner, Ladder, Review, Reviewer, Risk, Rung
from risklog.operations import escalation as escalations
from risklog.operations import experiment as experiments
from risklog.operations import ladder as ladders
from risklog.operations import replacement
from risklog.operations import risk as risks
from risklog.states import LIVE_RISKS, UNFINISHED_EXPERIMENTS, EscalationState, ReviewState
from saved import operations as views
from saved.models import SavedView
from saved.states import ViewState
from signals.models import Source
from signals.operations import source as sources


@dataclass(frozen=True, slots=True)
class Holding:
    """One kind of things that people own.

    rows: what a person owns of it. pass_on(row, person, successor, by=, at=) gives a row to the successor.
    subject: the subject of a row, which the list names. permission: what the writer needs for each row, where
    the owner alone may not give it to somebody else.
    """

    name: str
    label: str
    rows: Callable[[User], QuerySet]
    pass_on: Callable[..., object]
    subject: Callable[[Any], Subject] = attrgetter("subject")
    permission: str = ""

    def counted(self, number: int, word: str) -> str:
        """Return a number of them as a text, such as "2 restricted risks"."""
        one = _SINGULAR.get(self.name) or self.name.removesuffix("s")
        return f"{number} {word} {one if number == 1 else self.name}"


_SINGULAR = {"series": "series", "duties": "duty", "service_accounts": "service account"}


def _give(operation: Callable[..., object], field: str) -> Callable[..., object]:
    """Return `pass_on` for an operation that changes one field to the successor."""
    return lambda row, person, to, **act: operation(row, {field: to}, **act)


def _reviews(person: User) -> QuerySet[Review]:
    asked = Reviewer.objects.unanswered().filter(user=person).values("review")
    return Review.objects.filter(Q(pk__in=asked) | Q(claimed_by=person), state=ReviewState.OPEN)


def _ladders(person: User) -> QuerySet[Ladder]:
    """Return the ladders in use whose current rungs name a person."""
    naming = Rung.objects.filter(
        Q(people__contains=[person.pk]) | Q(person=person), ladder_version__is_current=True
    )
    return Ladder.objects.filter(pk__in=naming.values("ladder_version__ladder"), is_retired=False)


def _take_part_instead(series: MeetingSeries, person: User, to: User, **act: Any) -> None:
    others = [one for one in series.participants.all() if one != person]
    all_series.change(series, {"participants": list({*others, to})}, **act)


MEETINGS = "meetings"
HOLDINGS = (
    Holding(
        "risks",
        "Risks",
        lambda person: Risk.objects.filter(owner=person, state__in=LIVE_RISKS),
        _give(risks.change, "owner"),
    ),
    Holding(
        "actions",
        "Actions",
        lambda person: Action.objects.filter(owner=person, state__in=UNFINISHED),
        _give(actions.change, "owner"),
    ),
    Holding(
        "experiments",
        "Experiments",
        lambda person: Experiment.objects.filter(
            pk__in=ExperimentOwner.objects.filter(user=person, is_current=True).values("experiment"),
            state__in=UNFINISHED_EXPERIMENTS,
        ),
        experiments.hand_over,
    ),
    Holding(
        "goals",
        "Open goals",
        lambda person: Goal.objects.filter(owner=person, state=GoalState.OPEN),
        _give(goals.change, "owner"),
    ),
    Holding(
        "reviews",
        "Reviews to answer or to lead",
        _reviews,
        lambda row, person, to, **act: replacement.hand_over(row, to, whose=person, **act),
    ),
    Holding(
        "escalations",
        "Acknowledged escalations",
        lambda person: Escalation.objects.filter(acknowledged_by=person, state=EscalationState.ACKNOWLEDGED),
        lambda row, person, to, **act: escalations.hand_over(row, to, **act),
    ),
    Holding(
        "incidents",
        "Roles in incidents",
        incident_roles.held_by,
        incident_roles.hand_over_all,
    ),
    Holding(
        "series",
        "Meeting series, as a named participant",
        lambda person: MeetingSeries.objects.filter(participants=person, is_retired=False),
        _take_part_instead,
    ),
    Holding(
        MEETINGS,
        "Meetings to facilitate",
        lambda person: Meeting.objects.filter(facilitator=person, state=MeetingState.PLANNED),
        lambda row, person, to, **act: turn.give(row, to, **act),
    ),
    Holding(
        "duties",
        "Duty rosters",
        lambda person: DutyRoster.objects.filter(people__contains=[person.pk]).select_related(
            "function__subject"
        ),
        rosters.replace,
        attrgetter("function.subject"),
    ),
    Holding(
        "teams",
        "Teams to lead",
        lambda person: Team.objects.filter(lead=person),
        _give(teams.change, "lead"),
        permission="people.administrate",
    ),
    Holding(
        "models",
        "Models, as their developer",
        lambda person: Model.objects.filter(developer=person),
        _give(models.change, "developer"),
    ),
    Holding(
        "rollbacks",
        "Rollback procedures",
        lambda person: RollbackProcedure.objects.filter(owner=person),
        _give(rollback.change, "owner"),
    ),
    Holding(
        "workflows",
        "Workflows",
        lambda person: Workflow.objects.filter(owner=person, is_retired=False),
        _give(workflows.change, "owner"),
    ),
    Holding(
        "rights",
        "Decision rights",
        lambda person: DecisionRight.objects.filter(person=person, is_withdrawn=False),
        _give(rights.change, "person"),
        permission="catalogue.right_assign",
    ),
    Holding(
        "registries",
        "Model registries",
        lambda person: Registry.objects.filter(owner=person),
        _give(registries.change, "owner"),
        permission="catalogue.registry_change",
    ),
    Holding(
        "ladders",
        "Ladders with a rung that names them",
        _ladders,
        ladders.replace,
        permission="risklog.ladder_change",
    ),
    Holding(
        "sources",
        "Sources of signals",
        lambda person: Source.objects.filter(owner=person),
        _give(sources.change, "owner"),
    ),
    Holding(
        "service_accounts",
        "Service accounts, as the responsible person",
        lambda person: ServiceAccount.objects.filter(responsible=person, is_active=True),
        _give(service_accounts.change, "responsible"),
    ),
    Holding(
        "views",
        "Shared views",
        lambda person: SavedView.objects.filter(owner=person, is_shared=True, state=ViewState.ACTIVE),
        lambda row, person, to, **act: views.hand_over(row, to, **act),
    ),
)


@dataclass(frozen=True, slots=True)
class Held:
    """What a person owns of one kind. subjects: those that the reader may see. hidden: how many others."""

    holding: Holding
    subjects: list[Subject]
    hidden: int

    @property
    def number(self) -> int:
        return len(self.subjects) + self.hidden


@dataclass(frozen=True, slots=True)
class Choice:
    """The successors. to: of all that has no other one. of_kind, of_subject: as in hand_over()."""

    to: User | None
    of_kind: Mapping[str, User]
    of_subject: Mapping[int, User]

    def of(self, holding: Holding, row: Any) -> User:
        """Return the successor of one row. Raises Refused without one."""
        chosen = self.of_subject.get(holding.subject(row).pk) or self.of_kind.get(holding.name) or self.to
        if chosen is None:
            raise Refused(f"Choose who takes over: {holding.label}.", field="to")
        return chosen


def held_by(person: User, reader: Visitor) -> list[Held]:
    """Return what a person owns, by kind, without the kinds of which they own nothing. Two queries a kind.

    A handover includes what the reader may not see, so this is counted for them, but not named.
    """
    found = []
    for holding in HOLDINGS:
        ids = [holding.subject(row).pk for row in _loaded(holding, person)]
        if ids:
            shown = list(Subject.objects.visible_to(reader).filter(pk__in=ids).order_by("id"))
            found.append(Held(holding, shown, len(set(ids)) - len(shown)))
    return found


def listed(person: User) -> str:
    """Return a digest of what a person owns, which changes with the list and with the person."""
    parts = [f"{person.pk} {person.version}"]
    for holding in HOLDINGS:
        parts += [f"{holding.name} {row.pk}" for row in _loaded(holding, person)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _loaded(holding: Holding, person: User) -> list[Any]:
    rows = holding.rows(person).order_by("pk")
    return list(rows if holding.name == "duties" else rows.select_related("subject"))


@transaction.atomic
def hand_over(
    person: User,
    *,
    to: User | None,
    of_kind: Mapping[str, User] | None = None,
    of_subject: Mapping[int, User] | None = None,
    deactivates: bool = False,
    keeps_tokens: bool = True,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    read: str | None = None,
) -> User:
    """Hand over everything that a person owns, in one transaction. Nothing changes if one part is refused.

    to: the successor for all that has no other one. of_kind: name of a holding -> its successor. of_subject:
    id of a subject -> its successor. deactivates: deactivate the person afterwards. keeps_tokens: then
    move the tokens with which tools push signals to service accounts, for which `to` is responsible;
    otherwise they end. read: listed() of the list that the writer read. What the writer may not see goes only
    to people who see it already. Raises Refused, ChangedMeanwhile.
    """
    of_kind, of_subject = of_kind or {}, of_subject or {}
    choice = Choice(to, of_kind, of_subject)
    successors = {one for one in (to, *of_kind.values(), *of_subject.values()) if one is not None}
    _check(person, successors)
    _check_read(persons.lock(person, seen), read)

    owned = {holding.name: _loaded(holding, person) for holding in HOLDINGS}
    _refuse_to_reveal(owned, choice, by)
    taken_over_by: set[User] = set()
    for holding in HOLDINGS:
        rows = {row.pk: row for row in _loaded(holding, person)}
        if holding.name == MEETINGS:  # the change of a series may have given some of its turns to others
            rows |= {row.pk: row for row in owned[MEETINGS]}
        for row in rows.values():
            _pass_on(holding, row, person, choice.of(holding, row), by=by, at=at)
            taken_over_by.add(choice.of(holding, row))
    if taken_over_by:
        persons.note_handover(person, taken_over_by, by=by, at=at)
    if deactivates:
        if keeps_tokens:
            service_accounts.take_over_tokens(person, responsible=to, by=by, at=at)
        _deactivate(person, by=by, at=at)
    return person


def _deactivate(person: User, *, by: Actor, at: datetime) -> None:
    """Deactivate a person whose work was handed over. Raises Refused if they still own something."""
    person.refresh_from_db()
    persons.deactivate(person, by=by, at=at)
    if left := [holding.label for holding in HOLDINGS if holding.rows(person).exists()]:
        raise Refused(f"{person.name} would still have: {', '.join(left)}.", field="deactivates")


def _check_read(present: User, read: str | None) -> None:
    """Raise ChangedMeanwhile if the writer read another list (None: no list)."""
    if read is not None and read != listed(present):
        text = (
            f"What {present.name} owns has changed since you read the list. Check it, then hand over again."
        )
        raise ChangedMeanwhile(text, present=present)


def _refuse_to_reveal(owned: Mapping[str, list[Any]], choice: Choice, by: Actor) -> None:
    """Refuse to give what the writer may not see to somebody who does not see it already.

    Otherwise a handover to oneself would be a way to read everything.
    """
    if by.person is None:
        return
    pairs = [
        (holding, holding.subject(row).pk, choice.of(holding, row))
        for holding in HOLDINGS
        for row in owned[holding.name]
    ]
    hidden = {pk for _, pk, _ in pairs} - _seen_by(by.person, {pk for _, pk, _ in pairs})
    sight = {user: _seen_by(user, hidden) for user in {user for _, pk, user in pairs if pk in hidden}}
    refused = Counter(holding for holding, pk, user in pairs if pk in hidden and pk not in sight[user])
    if refused:
        texts = [holding.counted(number, "restricted") for holding, number in refused.items()]
        raise Refused(f"{', '.join(texts)}: choose somebody of their teams.", field="to")


def _seen_by(user: Visitor, ids: Collection[int]) -> set[int]:
    return set(Subject.objects.visible_to(user).filter(pk__in=ids).values_list("pk", flat=True))


def _pass_on(holding: Holding, row: Any, person: User, successor: User, *, by: Actor, at: datetime) -> None:
    if holding.permission and by.person is not None and not may(by.person, holding.permission, row):
        text = f"{holding.label}: you cannot give these to somebody else yourself."
        raise Refused(f"{text} Ask an administrator to hand over your work.", field="to")
    try:
        holding.pass_on(row, person, successor, by=by, at=at)
    except Refused as refusal:
        text = f"{holding.label}: {refusal.message}"
        raise Refused(text, field="to") from None


def _check(person: User, successors: Collection[User]) -> None:
    for successor in successors:
        if successor == person:
            raise Refused("Choose another person as the successor.", field="to")
        if not successor.is_active or successor.role == Role.VIEWER:
            raise Refused(f"{successor.name} cannot take over work. Choose another person.", field="to")
