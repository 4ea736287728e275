"""Write decision rights: assign one, change who holds it, withdraw it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from catalogue import events
from catalogue.models import DecisionRight, Model
from catalogue.states import Holder, RightKind
from history import operations as history
from history.models import Subject
from history.operations import Placement
from kit.actor import Actor
from kit.refusals import Refused
from people.models import Function, Team, User
from people.states import Role

CHANGEABLE = ("who", "person", "function", "why", "because")


@transaction.atomic
def assign(
    *,
    kind: str,
    who: str,
    why: str,
    by: Actor,
    at: datetime,
    model: Model | None = None,
    team: Team | None = None,
    person: User | None = None,
    function: Function | None = None,
    because: Subject | None = None,
) -> DecisionRight:
    """Assign a right for a model, for the models of a team, or for all models if both are None.

    Raises Refused with the name of the field, also if the right is already assigned for this scope.
    """
    if kind not in RightKind.values:
        raise Refused(f"Use one of {', '.join(RightKind.values)}.", field="kind")
    if model and team:
        raise Refused("Choose a model or a team, not both.", field="team")
    right = DecisionRight(
        kind=kind,
        model=model,
        team=team,
        because=because,
        **_holder(who, person, function),
        why=_reason(why),
    )
    _record(right, by=by, at=at)
    return right


def _record(right: DecisionRight, *, by: Actor, at: datetime) -> None:
    """Record a new right below its model. Raises Refused if the scope has such a right already."""
    try:
        with transaction.atomic():
            history.record(
                right,
                events.DecisionRightAssigned(told=_told(right)),
                by=by,
                at=at,
                placed=Placement(parent=right.model.subject_id if right.model else None),
            )
    except IntegrityError as error:
        if "catalogue_one_right" not in str(error):
            raise
        raise Refused(
            f"“{right.get_kind_display()}” is already assigned for: {right.scope_name}. Change that right.",
            field="kind",
        ) from None


@transaction.atomic
def change(
    right: DecisionRight, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> DecisionRight:
    """Change who holds a right, or why. values: a part of CHANGEABLE. Raises Refused, ChangedMeanwhile."""
    if right.is_withdrawn:
        raise Refused("This right was withdrawn. Assign a new one.")
    values = {name: values[name] for name in CHANGEABLE if name in values}
    if {"who", "person", "function"} & values.keys():
        who = values.get("who") or _kind_of_holder(right, values)
        values |= _holder(who, _kept(right, values, "person"), _kept(right, values, "function"))
    if "why" in values:
        values["why"] = _reason(values["why"])
    former = right.person_id
    proposed = DecisionRight(who=values.get("who", right.who), person=_kept(right, values, "person"))
    is_new_holder = proposed.person_id != former
    history.change(
        right,
        values,
        by=by,
        at=at,
        seen=seen,
        payload=events.DecisionRightChanged(
            told=_told(proposed) if is_new_holder else [],
            former=[former] if former and is_new_holder else [],
        )
        if any(getattr(right, name) != value for name, value in values.items())
        else None,
    )
    return right


@transaction.atomic
def withdraw(
    right: DecisionRight, *, why: str, by: Actor, at: datetime, seen: int | None = None
) -> DecisionRight:
    """Withdraw a right. Then the right of the next wider scope applies. Raises Refused, ChangedMeanwhile."""
    if right.is_withdrawn:
        raise Refused("This right is already withdrawn.", field="why")
    payload = events.DecisionRightWithdrawn(why=_reason(why), former=_told(right))
    history.change(right, {"is_withdrawn": True}, by=by, at=at, seen=seen, payload=payload)
    history.retire(right)
    return right


def _reason(why: str) -> str:
    if not why.strip():
        raise Refused("Enter the reason.", field="why")
    return why.strip()


def _kept(right: DecisionRight, values: Mapping[str, Any], name: str) -> Any:
    return values[name] if name in values else getattr(right, name)


def _kind_of_holder(right: DecisionRight, values: Mapping[str, Any]) -> str:
    """Return the kind of holder that values without "who" mean: the one that they name."""
    named = [name for name in (Holder.PERSON, Holder.FUNCTION) if values.get(name)]
    return named[0] if len(named) == 1 else right.who


def _holder(who: str, person: User | None, function: Function | None) -> dict[str, Any]:
    """Return the fields of the holder. Raises Refused if the person or the function is missing."""
    if who not in Holder.values:
        raise Refused(f"Use one of {', '.join(Holder.values)}.", field="who")
    if who == Holder.PERSON:
        if person is None:
            raise Refused("Choose a person.", field="person")
        if not person.is_at_least(Role.MEMBER):
            raise Refused("This person has left or may only read. Choose another person.", field="person")
    if who == Holder.FUNCTION and function is None:
        raise Refused("Choose a function.", field="function")
    return {
        "who": who,
        "person": person if who == Holder.PERSON else None,
        "function": function if who == Holder.FUNCTION else None,
    }


def _told(right: DecisionRight) -> list[int]:
    return [right.person_id] if right.person_id else []
