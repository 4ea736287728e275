"""Add, change, order and retire the focuses of a series."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from history import operations as history
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, Refused
from meetings import events
from meetings.models import Focus, MeetingSeries
from meetings.operations import bulk_placement, meeting
from people.models import Function
from signals.states import SignalKind


@transaction.atomic
def add(
    series: MeetingSeries,
    *,
    name: str,
    by: Actor,
    at: datetime,
    kinds: Sequence[str] = (),
    questions: Sequence[str] = (),
    functions: Collection[Function] = (),
) -> Focus:
    """Add a theme at the end of the cycle. Raises Refused(field="name" or "kinds")."""
    series = MeetingSeries.objects.select_for_update(of=("self",)).get(pk=series.pk)
    values = {"name": name.strip(), "kinds": list(kinds), "questions": list(questions)}
    _check(values)
    last = Focus.objects.filter(series=series).aggregate(Max("position"))["position__max"] or 0
    focus = Focus(series=series, position=last + 1, **values)
    added = events.FocusAdded(functions=sorted(function.subject_id for function in functions))
    history.record(focus, added, by=by, at=at)
    focus.functions.set(functions)
    _update_plan(series, by=by, at=at)
    return focus


@transaction.atomic
def change(
    focus: Focus,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> Focus:
    """Change name, kinds, questions or required functions. Raises Refused, ChangedMeanwhile."""
    if unknown := set(values) - {"name", "kinds", "questions", "functions"}:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    _check({"name": focus.name, "kinds": focus.kinds, **values})
    functions: Collection[Function] | None = values.get("functions")
    fields = {name: value for name, value in values.items() if name != "functions"}
    payload = None
    if functions is not None:
        old = sorted(focus.functions.values_list("subject_id", flat=True))
        new = sorted(function.subject_id for function in functions)
        payload = events.FocusChanged(functions=[old, new]) if old != new else None
        focus.functions.set(functions)
    history.change(focus, fields, by=by, at=at, seen=seen, verb="meetings.focus_changed", payload=payload)
    _update_plan(focus.series, by=by, at=at)
    return focus


@transaction.atomic
def reorder(series: MeetingSeries, focuses: Sequence[Focus], *, by: Actor, at: datetime) -> None:
    """Put the cycle in this order. focuses: all that are in use. Raises Refused(field="focuses")."""
    present = list(Focus.objects.select_for_update(of=("self",)).filter(series=series, is_retired=False))
    if {focus.pk for focus in present} != {focus.pk for focus in focuses} or len(present) != len(focuses):
        raise Refused("List every focus of the cycle exactly once.", field="focuses")
    places = sorted(focus.position for focus in present)
    rows = [
        (focus, {"position": position})
        for focus, position in zip(focuses, places, strict=True)
        if focus.position != position
    ]
    if rows:
        history.record(series, "meetings.focuses_reordered", by=by, at=at, rows=rows)
        _update_plan(series, by=by, at=at)


@transaction.atomic
def shift(focus: Focus, *, up: bool, by: Actor, at: datetime, seen: int | None = None) -> Focus:
    """Exchange places with the focus before (or after) this one. The first stays first, the last stays last.

    Raises ChangedMeanwhile when the focus was changed or moved since `seen`.
    """
    MeetingSeries.objects.select_for_update(of=("self",)).get(pk=focus.series_id)
    order = list(Focus.objects.filter(series=focus.series_id, is_retired=False).order_by("position", "id"))
    place = next((index for index, row in enumerate(order) if row.pk == focus.pk), None)
    if place is None or (seen is not None and order[place].version != seen):
        present = Focus.objects.get(pk=focus.pk)
        raise ChangedMeanwhile("Somebody else changed the focus cycle. Try again.", present=present)
    other = place + (-1 if up else 1)
    if 0 <= other < len(order):
        order[place], order[other] = order[other], order[place]
        reorder(focus.series, order, by=by, at=at)
    return focus


@transaction.atomic
def retire(focus: Focus, *, by: Actor, at: datetime, seen: int | None = None) -> Focus:
    """Remove a theme from the cycle. Past meetings keep it."""
    history.change(focus, {"is_retired": True}, by=by, at=at, seen=seen, verb="meetings.focus_retired")
    _update_plan(focus.series, by=by, at=at)
    return focus


def _update_plan(series: MeetingSeries, *, by: Actor, at: datetime) -> None:
    meeting.replan(series, by=by, at=at)
    bulk_placement.place_waiting(at=at)


def _check(values: Mapping[str, Any]) -> None:
    if not values["name"].strip():
        raise Refused("Enter a name.", field="name")
    if unknown := [kind for kind in values["kinds"] if kind not in SignalKind.values]:
        raise Refused(
            f"Unknown signal kind “{unknown[0]}”. Use {', '.join(SignalKind.values)}.", field="kinds"
        )
