"""Write rollback procedures: add one to a model, change it, and record a rehearsal."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from catalogue import events
from catalogue.models import Model, RollbackProcedure
from history import operations as history
from history.operations import Placement
from kit.actor import Actor
from kit.refusals import Refused
from people import queries as people
from people.models import User

CHANGEABLE = frozenset({"steps", "owner"})


@transaction.atomic
def add(model: Model, *, steps: str, by: Actor, at: datetime, owner: User | None = None) -> RollbackProcedure:
    """Add the rollback procedure of a model. Raises Refused(field="steps"), also if it has one already."""
    procedure = RollbackProcedure(model=model, steps=_steps(steps), owner=owner)
    try:
        with transaction.atomic():
            placed = Placement(parent=model.subject_id)
            history.record(procedure, "catalogue.rollback_added", by=by, at=at, placed=placed)
    except IntegrityError as error:
        if "catalogue_rollbackprocedure_model_id" not in str(error):
            raise
        raise Refused(
            f"{model.name} already has a rollback procedure. Change that one.", field="steps"
        ) from None
    return procedure


@transaction.atomic
def change(
    procedure: RollbackProcedure,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> RollbackProcedure:
    """Change fields of CHANGEABLE. Raises Refused(field=…), ChangedMeanwhile."""
    if unknown := set(values) - CHANGEABLE:
        raise Refused("This cannot be changed here.", field=min(unknown))
    given = dict(values)
    if "steps" in given:
        given["steps"] = _steps(given["steps"])
    history.change(procedure, given, by=by, at=at, seen=seen)
    return procedure


@transaction.atomic
def rehearse(
    procedure: RollbackProcedure,
    *,
    on: date,
    by: Actor,
    at: datetime,
    note: str = "",
    seen: int | None = None,
) -> RollbackProcedure:
    """Record that the rollback was rehearsed on a day, not later than today and not before the last one.

    Raises Refused(field="on"), ChangedMeanwhile.
    """
    if on > at.astimezone(people.zone_of(None)).date():
        raise Refused("This day is in the future. Record a rehearsal after it was done.", field="on")
    if procedure.rehearsed_on and on < procedure.rehearsed_on:
        raise Refused(f"The last rehearsal was on {procedure.rehearsed_on:%-d %b %Y}.", field="on")
    payload = events.RollbackRehearsed(on=on.isoformat(), text=note.strip())
    values = {"rehearsed_on": on, "rehearsal_note": note.strip()}
    history.change(procedure, values, by=by, at=at, seen=seen, payload=payload)
    return procedure


def _steps(text: str) -> str:
    if not text.strip():
        raise Refused("Enter the steps of the rollback.", field="steps")
    return text.strip()
