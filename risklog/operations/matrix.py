"""Changing the matrix of risks, and what a change would do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from history import operations as history
from kit import locks
from kit.actor import SYSTEM, Actor
from kit.locks import Lock
from kit.refusals import Refused
from kit.sight import Visitor
from kit.texts import one_line
from risklog import scoring
from risklog.events import risk as events
from risklog.models import Risk, RiskMatrix
from risklog.models.matrix import forget, in_cells
from risklog.scoring import REVIEW_DAYS, Cell, Matrix
from risklog.states import RiskState

FIELDS = ("likelihoods", "impacts", "levels", "cells")
_LONGEST_NAME = 40
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class LevelChanges:
    """How many live risks get a higher or a lower level by a change of the matrix."""

    risen: int
    fallen: int

    @property
    def changed(self) -> int:
        return self.risen + self.fallen


def effect_of(values: Mapping[str, Any], *, reader: Visitor) -> LevelChanges:
    """Return what a change would do to the live risks that the reader may see. Writes nothing.

    values: fields of FIELDS. Raises Refused with the name of the field.
    """
    present = RiskMatrix.present()
    before = present.as_matrix()
    after = _changed(present, checked(values))
    risks = Risk.objects.visible_to(reader).exclude(state=RiskState.CLOSED)
    risen, fallen = (
        risks.filter(in_cells(cells)).count() if cells else 0 for cells in _moved_cells(before, after)
    )
    return LevelChanges(risen, fallen)


@transaction.atomic
def change(
    matrix: RiskMatrix, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> RiskMatrix:
    """Change the names or the levels of the matrix.

    Lists, filters, checks and exports read the matrix, so they follow at once. The dates of the next reviews
    are stored: a risk whose level rises is reviewed as early as its new level asks, in the same transaction.
    values: fields of FIELDS. Raises Refused with the name of the field, ChangedMeanwhile.
    """
    values = checked(values)
    row = _locked(at)
    before, after = row.as_matrix(), _changed(row, values)
    history.change(row, values, by=by, at=at, seen=seen or matrix.version, verb="risklog.matrix_changed")
    forget()
    for cell in sorted(_moved_cells(before, after)[0]):
        _review_earlier(cell, [before.level(*cell), after.level(*cell)], by=by, at=at)
    return row


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as they are stored. Raises Refused with the name of the field."""
    if unknown := set(values) - set(FIELDS):
        raise ValueError(f"The matrix has no {', '.join(sorted(unknown))}.")
    names = {name: _names(name, values[name]) for name in FIELDS[:3] if name in values}
    return {**names, **({"cells": _cells(values["cells"])} if "cells" in values else {})}


def _names(field: str, given: Sequence[str]) -> list[str]:
    names = [" ".join(one_line(str(name)).split()) for name in given]
    if len(names) != 5 or not all(names):
        raise Refused("Give five names, from step 1 to step 5.", field=field)
    if any(len(name) > _LONGEST_NAME for name in names):
        raise Refused(f"Shorten each name to {_LONGEST_NAME} characters.", field=field)
    if len({name.casefold() for name in names}) < 5:
        raise Refused("Give each step a name of its own.", field=field)
    return names


def _cells(given: Sequence[Sequence[int]]) -> list[list[int]]:
    rows = [list(row) for row in given]
    if [len(row) for row in rows] != [5] * 5 or any(
        level not in scoring.STEPS for row in rows for level in row
    ):
        raise Refused(
            "Give five rows, from likelihood 1 to 5, each with five levels from 1 to 5.", field="cells"
        )
    for likelihood, impact in scoring.every_cell():
        level = rows[likelihood - 1][impact - 1]
        for lower in ((likelihood - 1, impact), (likelihood, impact - 1)):
            if min(lower) > 0 and rows[lower[0] - 1][lower[1] - 1] > level:
                raise _falls((likelihood, impact), lower)
    return rows


def _falls(cell: Cell, lower: Cell) -> Refused:
    return Refused(
        f"The level of likelihood {cell[0]}, impact {cell[1]} is lower than that of likelihood {lower[0]}, "
        f"impact {lower[1]}. A level cannot fall as likelihood or impact rises.",
        field="cells",
    )


def _changed(row: RiskMatrix, values: Mapping[str, Any]) -> Matrix:
    """Return the matrix of a row once `values` are set."""
    return RiskMatrix(**{name: values.get(name, getattr(row, name)) for name in FIELDS}).as_matrix()


def _moved_cells(before: Matrix, after: Matrix) -> tuple[list[Cell], list[Cell]]:
    """Return the cells whose level rises, and those whose level falls."""
    change = {cell: after.level(*cell) - before.level(*cell) for cell in scoring.every_cell()}
    return [cell for cell in change if change[cell] > 0], [cell for cell in change if change[cell] < 0]


def _locked(at: datetime) -> RiskMatrix:
    """Return the row of the matrix, locked. The first change creates it."""
    locks.wait_for(Lock.MATRIX)
    row = RiskMatrix.objects.select_for_update(of=("self",)).select_related("subject").first()
    if row is None:
        row = RiskMatrix.of(scoring.DEFAULT)
        history.record(row, "risklog.matrix_added", by=SYSTEM, at=at)
    return row


def _review_earlier(cell: Cell, levels: list[int], *, by: Actor, at: datetime) -> None:
    """Bring the reviews of the risks of a cell forward to the date that its new level asks for."""
    due_on = at.date() + timedelta(days=REVIEW_DAYS[levels[1]])
    later = Risk.objects.filter(in_cells([cell]), review_on__gt=due_on).exclude(state=RiskState.CLOSED)
    rows = later.select_related("subject").order_by("pk")
    while batch := list(rows[:_BATCH]):
        pairs = [(risk, {"review_on": due_on, "updated_at": at}) for risk in batch]
        history.change_many(pairs, by=by, at=at, payload=events.RiskChanged(level=levels))
