"""Write lines into the timeline of an incident: add, change, remove."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from history import operations as history
from incidents.models import Incident, TimelineEntry
from incidents.models.timeline import MAX_ENTRY
from incidents.moments import bad_moment
from incidents.states import IncidentState
from kit.actor import Actor
from kit.refusals import IllegalMove, Refused

CHANGEABLE = frozenset({"happened_at", "text"})


@transaction.atomic
def add(
    incident: Incident, *, text: str, by: Actor, at: datetime, happened_at: datetime | None = None
) -> TimelineEntry:
    """Add a line. happened_at: now if it is not given.

    Raises Refused(field="text" or "happened_at"), IllegalMove if the incident is withdrawn.
    """
    incident = Incident.objects.select_for_update(of=("self",)).select_related("subject").get(pk=incident.pk)
    if incident.state == IncidentState.WITHDRAWN:
        raise IllegalMove("This incident is withdrawn. Reopen it first.", field="state")
    entry = TimelineEntry(
        incident=incident,
        text=_text(text),
        at=_moment(happened_at or at, at),
        author=by.person,
        noted_at=at,
    )
    history.record(entry, "incidents.timeline_noted", by=by, at=at)
    return entry


@transaction.atomic
def change(
    entry: TimelineEntry, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> TimelineEntry:
    """Change fields of CHANGEABLE. Raises Refused(field=…), IllegalMove, ChangedMeanwhile."""
    if unknown := set(values) - CHANGEABLE:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    if entry.removed_at is not None:
        raise IllegalMove("This line is removed.", field="state")
    given: dict[str, Any] = {}
    if "text" in values:
        given["text"] = _text(values["text"])
    if values.get("happened_at") not in (None, entry.at):
        given["at"] = _moment(values["happened_at"], at)
    history.change(entry, given, by=by, at=at, seen=seen, verb="incidents.timeline_changed")
    return entry


@transaction.atomic
def remove(entry: TimelineEntry, *, by: Actor, at: datetime, seen: int | None = None) -> TimelineEntry:
    """Remove a line. History keeps it. Nothing happens if it is removed already."""
    if entry.removed_at is None:
        verb = "incidents.timeline_removed"
        history.change(entry, {"removed_at": at}, by=by, at=at, seen=seen, verb=verb)
    return entry


def _text(text: str) -> str:
    found = text.strip()
    if not found:
        raise Refused("Enter what happened.", field="text")
    if len(found) > MAX_ENTRY:
        raise Refused(f"Use at most {MAX_ENTRY} characters.", field="text")
    return found


def _moment(moment: datetime, now: datetime) -> datetime:
    if problem := bad_moment(moment, now):
        raise Refused(problem, field="happened_at")
    return moment
