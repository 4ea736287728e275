"""Queries of decision rights."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from catalogue import rights
from catalogue.models import DecisionRight, Model
from catalogue.states import Holder, RightKind
from history.models import RecordedQuerySet
from history.queries import show
from kit.sight import Visitor
from people import queries as people
from people.models import Team, User
from people.states import Role


def decision_rights() -> RecordedQuerySet[DecisionRight]:
    """Return all rights with what they name. Callers add `.visible_to(user)`."""
    return DecisionRight.objects.select_related(
        "subject", "model", "team__lead", "person__subject", "function", "because"
    )


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides one kind of question about a model. right: None if nobody has this right."""

    kind: RightKind
    right: DecisionRight | None
    team: Team | None

    @property
    def person(self) -> User | None:
        """Return the one person who decides; None for a function, or for a team without a lead."""
        if self.right is None:
            return None
        if self.right.who == Holder.TEAM_LEAD:
            return self.team.lead if self.team else None
        return self.right.person

    @property
    def name(self) -> str:
        """Return the holder in words, "" if nobody holds the right."""
        if self.right is None:
            return ""
        if self.is_of_function and self.right.function:
            return f"everyone of {self.right.function.name}"
        return self.person.name if self.person else "the lead of the owner team"

    @property
    def is_of_function(self) -> bool:
        return self.right is not None and self.right.who == Holder.FUNCTION

    def is_held_by(self, user: User) -> bool:
        """Return True if the person holds the right, alone or with everyone of their function."""
        if self.right is None:
            return False
        if self.is_of_function:
            return self.right.function_id is not None and self.right.function_id == user.function_id
        return self.person is not None and self.person.pk == user.pk


def able_holders(decider: Decider) -> list[User]:
    """Return the holders of a right who can decide: active people who are no viewers.

    One query for a right of a function, none for another one.
    """
    if decider.is_of_function and decider.right is not None:
        members = User.objects.active().filter(function=decider.right.function_id)
        return list(members.exclude(role=Role.VIEWER).with_sight().order_by("pk"))
    person = decider.person
    if person is None or not person.is_active or people.why_no_owner(person):
        return []
    return [person]


def deciders_of_model(user: Visitor, model: Model) -> list[Decider]:
    """Return who decides about a model, one for each kind of right. One query.

    model: of models().
    """
    own = Q(model=model) | Q(model__isnull=True, team=model.owner_team_id)
    return _deciders(user, own, model.owner_team, model_id=model.pk)


def deciders_of_team(user: Visitor, team: Team) -> list[Decider]:
    """Return who decides about the models of a team that have no right of their own. One query."""
    return _deciders(user, Q(model__isnull=True, team=team.pk), team)


def decider(kind: RightKind, *, model: Model | None, team: Team | None = None) -> Decider:
    """Return who decides one kind of question about a model, about the models of a team, or in general.

    It does not depend on who asks: a right counts for its holder also where others may not read it. model:
    loaded with its owner team and its lead. One query.
    """
    team = model.owner_team if model else team
    rows = decision_rights().filter(kind=kind, is_withdrawn=False)
    found = rights.that_apply(
        rows.filter(Q(model=model and model.pk) | Q(model__isnull=True)),
        model_id=model.pk if model else None,
        team_id=team.pk if team else None,
    )
    return Decider(kind, found.get(kind), team)


def deciders(asked: Sequence[tuple[RightKind, Model | None]]) -> list[Decider]:
    """Return decider() for many kinds and models, in their order. One query."""
    of_models = Q(model__in=[model.pk for _, model in asked if model]) | Q(model__isnull=True)
    kinds = {kind for kind, _ in asked}
    rows = list(decision_rights().filter(of_models, kind__in=kinds, is_withdrawn=False)) if asked else []
    found = []
    for kind, model in asked:
        team = model.owner_team if model else None
        applying = rights.that_apply(
            rows, model_id=model.pk if model else None, team_id=team.pk if team else None
        )
        found.append(Decider(kind, applying.get(kind), team))
    return found


def _deciders(user: Visitor, own: Q, team: Team | None, model_id: int | None = None) -> list[Decider]:
    applying = own | Q(model__isnull=True, team__isnull=True)
    rows = show(user, decision_rights().visible_to(user).filter(applying, is_withdrawn=False), "because")
    found = rights.that_apply(rows, model_id=model_id, team_id=team.pk if team else None)
    return [Decider(kind, found.get(kind), team) for kind in RightKind]
