"""Tripwires of decisions: add and remove them, and find those that are crossed."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from history import operations as history
from history.claims import Tally
from history.models import Due, Event
from history.queries import changed_fields
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, Refused
from meetings import events
from meetings.models import Decision, Tripwire
from meetings.states import DecisionState, TripwireKind, TripwireState
from risklog.operations.days import day_of, moment_of
from signals.models import Series
from signals.states import Direction

DUE = "meetings.tripwire"
_FIELDS = frozenset({"kind", "due_on", "series", "direction", "value", "note"})
_MOST = 10  # tripwires of one decision

# The armed tripwires of series with newer points than were compared, and the first point that crosses each.
# Points that arrive up to a week late are compared too.
_CROSSINGS = """
SELECT t.id, s.latest_ts, p.ts, p.value
FROM meetings_tripwire t
JOIN meetings_decision d ON d.id = t.decision_id AND d.state = 'in_force'
JOIN signals_series s ON s.id = t.series_id
LEFT JOIN LATERAL (
    SELECT ts, value FROM signals_seriesvalue
    WHERE series_id = t.series_id AND ts > greatest(t.made_at, t.checked_until - interval '7 days')
      AND last_ts > greatest(t.made_at, t.checked_until - interval '7 days')
      AND CASE WHEN t.direction = 'above' THEN value > t.value ELSE value < t.value END
    ORDER BY ts LIMIT 1
) p ON true
WHERE t.state = 'armed' AND t.kind = 'metric' AND s.latest_ts > coalesce(t.checked_until, t.made_at)
ORDER BY t.id
LIMIT %s
"""


def planned(given: Sequence[Mapping[str, Any]], *, at: datetime) -> list[Tripwire]:
    """Return the unsaved tripwires of a new decision.

    given: mappings of kind, due_on (date), series, direction and value (metric), note. Raises
    Refused(field="tripwires[<position>].<field>").
    """
    found = []
    for position, values in enumerate(given):
        try:
            found.append(_new(values, at=at))
        except Refused as refusal:
            raise Refused(refusal.message, field=f"tripwires[{position}].{refusal.field}") from None
    return found


@transaction.atomic
def add(
    decision: Decision,
    *,
    by: Actor,
    at: datetime,
    kind: str = "",
    due_on: date | None = None,
    series: Series | None = None,
    direction: str = Direction.ABOVE,
    value: float | None = None,
    note: str = "",
) -> Tripwire:
    """Add a tripwire to a decision in force. Raises Refused with the field."""
    rows = Decision.objects.select_for_update(of=("self",)).select_related("subject")
    decision = rows.get(pk=decision.pk)
    if decision.state != DecisionState.IN_FORCE:
        raise Refused("This decision is not in force any more.", field="state")
    if decision.tripwires.filter(state=TripwireState.ARMED).count() >= _MOST:
        raise Refused(f"A decision has at most {_MOST} tripwires. Remove one first.", field="kind")
    values = {"kind": kind, "due_on": due_on, "series": series, "value": value, "note": note}
    found = _new({**values, "direction": direction}, at=at)
    found.decision = decision
    history.record(decision, events.TripwireAdded(), by=by, at=at, rows=[found])
    put_due(found)
    return found


@transaction.atomic
def remove(
    tripwire: Tripwire, *, by: Actor, at: datetime, reason: str = "", seen: int | None = None
) -> Tripwire:
    """Remove an armed tripwire. Raises Refused(field="reason"), IllegalMove, ChangedMeanwhile."""
    if not reason.strip():
        raise Refused("Enter why it is not needed any more.", field="reason")
    payload = events.TripwireRemoved(tripwire=tripwire.pk, reason=reason.strip())
    history.move(tripwire, TripwireState.REMOVED, by=by, at=at, seen=seen, payload=payload)
    return tripwire


def put_due(tripwire: Tripwire) -> None:
    """Plan the moment of a saved tripwire on a date."""
    if tripwire.due_on is not None:
        day = tripwire.due_on
        history.put_due(DUE, tripwire.subject_id, f"{tripwire.pk} {day.isoformat()}", moment_of(day))


def _new(values: Mapping[str, Any], *, at: datetime) -> Tripwire:
    if unknown := set(values) - _FIELDS:
        raise ValueError(f"Unknown fields of a tripwire: {', '.join(sorted(unknown))}.")
    kind = values.get("kind") or (TripwireKind.METRIC if values.get("series") else TripwireKind.DATE)
    if kind not in TripwireKind.values:
        raise Refused(f"Use one of {', '.join(TripwireKind.values)}.", field="kind")
    note = str(values.get("note") or "").strip()[:300]
    found = Tripwire(kind=kind, note=note, made_at=at)
    if kind == TripwireKind.DATE:
        found.due_on = values.get("due_on")
        if found.due_on is None:
            raise Refused("Enter the date.", field="due_on")
        if found.due_on <= day_of(at):
            raise Refused("Choose a date in the future.", field="due_on")
        return found
    found.series, found.value = values.get("series"), values.get("value")
    found.direction = values.get("direction") or Direction.ABOVE
    if found.series is None:
        raise Refused("Choose the metric.", field="series")
    if found.value is None:
        raise Refused("Enter the value that the metric crosses.", field="value")
    if found.direction not in Direction.values:
        raise Refused(f"Use one of {', '.join(Direction.values)}.", field="direction")
    return found


# ------------------------------------------------------------------ crossing them


@transaction.atomic
def reach_date(due: Due, *, at: datetime) -> None:
    """Cross a tripwire on its date. Handles dues of the kind meetings.tripwire."""
    pk, _, day = due.occurrence.partition(" ")
    tripwire = Tripwire.objects.select_related("decision").filter(pk=pk, state=TripwireState.ARMED).first()
    if tripwire and str(tripwire.due_on) == day and tripwire.decision.state == DecisionState.IN_FORCE:
        _cross(tripwire, at=at)


def check(*, at: datetime, limit: int = 200) -> Tally:
    """Compare the armed tripwires of metrics with the points since the last time.

    It runs beside the intake, which it does not slow. Each crossing is a transaction of its own.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CROSSINGS, [limit])
        found = cursor.fetchall()
    tally = Tally()
    for pk, latest, crossed_ts, value in found:
        tally += Tally(done=1)
        if crossed_ts is None:
            Tripwire.objects.filter(pk=pk).update(checked_until=latest)
            continue
        tripwire = Tripwire.objects.select_related("decision").get(pk=pk)
        try:
            _cross(tripwire, at=at, value=value)
        except (Refused, ChangedMeanwhile):  # it was crossed or removed in this moment
            continue
    return tally


def _cross(tripwire: Tripwire, *, at: datetime, value: float | None = None) -> None:
    payload = events.TripwireCrossed(tripwire=tripwire.pk, value=value)
    values = {"crossed_at": at, "crossed_value": value}
    history.move(tripwire, TripwireState.CROSSED, by=SYSTEM, at=at, values=values, payload=payload)


@handler("meetings.tripwire.replan")
def on_time_changed(event: Event, *, at: datetime) -> None:
    """Move the dates of tripwires when the time zone or the start of the day of the organisation changes."""
    if not changed_fields(event) & {"time_zone", "day_starts_at"}:
        return

    def replanned(due: Due) -> tuple[str, datetime]:
        return due.occurrence, moment_of(date.fromisoformat(due.occurrence.partition(" ")[2]))

    armed = Tripwire.objects.filter(state=TripwireState.ARMED, kind=TripwireKind.DATE)
    history.replan_dues(armed.values_list("decision__subject_id", flat=True), DUE, to=replanned)
