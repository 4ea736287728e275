"""Reading history: the timeline of an object, and an event as it was at its schema's time, brought up to date."""

from collections.abc import Callable
from typing import Any

from history.models import Event, RecordedQuerySet, Subject

# (verb, schema version) -> function that brings its data one version up. Verbs and payloads live forever.
UPCASTERS: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}


def timeline(subject_id: int) -> RecordedQuerySet:
    """What happened to one object, newest first."""
    return events().filter(subject_id=subject_id)


def events() -> RecordedQuerySet:
    """All events, newest first, with what a line needs."""
    return Event.objects.select_related("subject", "actor").order_by("-at", "-id")


def present_data(event: Event) -> dict[str, Any]:
    """The event's data in today's shape, whatever version wrote it."""
    data, version = event.data, event.schema_version
    while (event.verb, version) in UPCASTERS:
        data = UPCASTERS[(event.verb, version)](data)
        version += 1
    return data


def rebuilt(model_label: str, pk: int) -> dict[str, Any]:
    """A row as history alone knows it: every change of it replayed, oldest first."""
    found: dict[str, Any] = {}
    lines = Event.objects.filter(data__rows__contains=[{"model": model_label, "pk": pk}]).order_by("id")
    for event in lines:
        for row in present_data(event)["rows"]:
            if row["model"] == model_label and row["pk"] == pk:
                found |= {name: new for name, (_, new) in row["changes"].items()}
    return found


def subject(pk: int) -> Subject:
    return Subject.objects.get(pk=pk)
