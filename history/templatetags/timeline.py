"""Renders events as timeline lines: one template per verb, with the names that the event only refers to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from typing import Any

from django import template
from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Q
from django.template.loader import select_template
from django.utils import timezone
from django.utils.safestring import SafeString

from history import hidden_values
from history.events import GrantBegan, GrantEnded
from history.models import IS_NEW, Event, Subject
from history.queries import present_data
from kit import clock
from kit.kinds import alike
from kit.sight import Visitor
from kit.zones import for_reader
from pages.templatetags.ui import short_day

register = template.Library()

# Fields whose changes are not shown, because they tell the reader nothing.
# "looks" is the first name of "confirmations", which older events have.
_SILENT = {
    "subject_id",
    "updated_at",
    "settled_at",
    "opened_at",
    "made_at",
    "confirmations",
    "looks",
    "severity",
}

_OF_GRANTS = {GrantBegan.verb, GrantEnded.verb}

# Labels of fields that many models have. A model declares those of its own (HISTORY_LABELS).
_LABELS = {
    "at": "Time",
    "external_id": "External ID",
    "is_active": "Active",
    "is_current": "Current",
    "is_retired": "Retired",
    "why": "Reason",
}


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A changed field as text. field: its label. old, new: titles if it refers to another object.

    name: the field without "_id", which templates compare. "" for a part of a value.
    """

    name: str
    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """The context of a line's template.

    actor: None if the person is anonymous. note: the payload. further_rows: for each row that the event
    created, the titles of the objects that it refers to: {"user": "Ana Moreau"}. about: the title of the
    subject that the payload names so, None without one, or if the reader may not see it. to: the person whose
    access began or ended, in the same way.
    """

    event: Event
    actor: Subject | None
    note: dict[str, Any]
    changes: list[FieldChange]
    further_rows: list[dict[str, Any]]
    about: str | None = None
    to: str | None = None


def lines(events: Iterable[Event], reader: Visitor | None = None) -> list[TimelineLine]:
    """Return the events as lines. Costs one query for all the names that they refer to.

    reader: sees the names of what they may see; None: of what everybody may see.
    """
    events = list(events)
    titles = _titles(events, reader)
    return [_line(event, titles) for event in events]


@register.simple_tag(name="lines_of", takes_context=True)
def lines_of(context: template.Context, events: Sequence[Event]) -> list[TimelineLine]:
    request = context.get("request")
    return lines(events, getattr(request, "user", None))


@register.simple_tag(takes_context=True)
def history_line(context: template.Context, line: TimelineLine) -> SafeString:
    """Render one line with the template of its verb."""
    line_template = select_template([f"history/lines/{line.event.verb}.html", "history/lines/_any.html"])
    return line_template.render(
        {"line": line, "event": line.event, "note": line.note, "actor": line.actor}, context.get("request")
    )


def _rows(event: Event) -> list[dict[str, Any]]:
    return present_data(event).get("rows", [])


def _titles(events: Iterable[Event], reader: Visitor | None) -> dict[tuple[str, int], str]:
    ids_by_kind: dict[str, set[int]] = {}
    for event in events:
        named = (present_data(event).get("about"), _person_of_grant(event))
        ids_by_kind.setdefault("subject", set()).update(one for one in named if isinstance(one, int))
        for row in _rows(event):
            for kind, pk in hidden_values.needed(row, present_data(event)):
                ids_by_kind.setdefault(kind, set()).add(pk)
            for name, kind in row.get("kinds", {}).items():
                ids_by_kind.setdefault(kind, set()).update(
                    v for v in row["changes"].get(name, ()) if isinstance(v, int)
                )
    if not any(ids_by_kind.values()):
        return {}
    condition = Q()
    for kind, ids in ids_by_kind.items():
        condition |= Q(pk__in=ids) if kind == "subject" else Q(kind__in=alike(kind), object_id__in=ids)
    titles: dict[tuple[str, int], str] = {}
    shown = Subject.objects.visible_to(reader) if reader else Subject.objects.filter(viewers__isnull=True)
    for subject in shown.filter(condition):
        name = f"{subject.reference} {subject.title}" if subject.reference else subject.title
        titles |= {(kind, subject.object_id): name for kind in alike(subject.kind)}
        titles["subject", subject.pk] = name
    return titles


def _person_of_grant(event: Event) -> int | None:
    """Return the subject of the person whose access began or ended; None for other events."""
    return present_data(event)["to"] if event.verb in _OF_GRANTS else None


def _line(event: Event, titles: dict[tuple[str, int], str]) -> TimelineLine:
    changes, further_rows = [], []
    for row in _rows(event):
        kinds, readable = row.get("kinds", {}), hidden_values.readable(row, present_data(event), titles)
        if row.get(IS_NEW):
            named = {name: readable[name][1] for name in kinds if readable[name][1] is not None}
            further_rows.append(
                {
                    name.removesuffix("_id"): _shown(value, kinds[name], titles, {})
                    for name, value in named.items()
                }
            )
            continue
        for name, (old, new) in readable.items():
            if isinstance(old, dict) and isinstance(new, dict):
                changes += _changes_within(old, new)
            elif name not in _SILENT and not _is_nameless(name, kinds.get(name), old, new):
                words = _words_of(row["model"], name)
                values = [
                    _shown(_in_time(row["model"], name, value), kinds.get(name), titles, words)
                    for value in (old, new)
                ]
                label = label_of(row["model"], name)
                changes.append(FieldChange(name.removesuffix("_id"), label, *values))
    note = {key: value for key, value in present_data(event).items() if key != "rows"}
    about = titles.get(("subject", note.get("about", 0)))
    to = titles.get(("subject", _person_of_grant(event) or 0))
    return TimelineLine(event, event.shown_actor, note, changes, further_rows, about, to)


def _is_nameless(name: str, kind: str | None, *values: Any) -> bool:
    """Whether a field refers to a row without a title, such as a focus: its number tells nothing."""
    return name.endswith("_id") and kind is None and any(isinstance(value, int) for value in values)


def _changes_within(old: dict[str, Any], new: dict[str, Any]) -> list[FieldChange]:
    """Return the parts of a value that differ, such as the fields of a filled template."""
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return [FieldChange("", key.replace("_", " "), _part(old.get(key)), _part(new.get(key))) for key in keys]


def _part(value: Any) -> Any:
    """Return one part of a value as text."""
    return _shown(value, None, {}, {})


@cache
def _model(label: str) -> Any:
    """Return the model of this label in history, None for one that this version does not have any more."""
    return next((one for one in apps.get_models() if one._meta.label_lower == label), None)


@cache
def label_of(model: str, name: str) -> str:
    """Return the label of a field: that of its model, else the common one, else its name in words."""
    plain = name.removesuffix("_id")
    labels = _LABELS | getattr(_model(model), "HISTORY_LABELS", {})
    return labels.get(name) or labels.get(plain) or plain.replace("_", " ")


@cache
def _words_of(model: str, name: str) -> dict[Any, str]:
    """Return the value -> words of the choices of a field, also of a list of them.

    Empty for a field without choices, and for one that this version does not have any more.
    """
    row = _model(model)
    try:
        field: Any = row._meta.get_field(name) if row else None
    except FieldDoesNotExist:
        return {}
    choices = getattr(getattr(field, "base_field", field), "flatchoices", ())
    return {value: str(words) for value, words in choices}


@cache
def _type_of(model: str, name: str) -> str:
    """Return "day", "moment" or "time" for a field with such values, "" for others."""
    row = _model(model)
    try:
        field: Any = row._meta.get_field(name) if row else None
    except FieldDoesNotExist:
        return ""
    types = ((models.DateTimeField, "moment"), (models.DateField, "day"), (models.TimeField, "time"))
    return next((found for kind, found in types if isinstance(field, kind)), "")


def _in_time(model: str, name: str, value: Any) -> Any:
    """Return a day or a moment of history as pages write it, the moment in the zone of the reader.

    Other values, and texts that are none, stay as they are.
    """
    found = _type_of(model, name)
    if not found or not isinstance(value, str):
        return value
    try:
        if found == "day":
            return short_day(date.fromisoformat(value), timezone.localtime(clock.now()).year)
        if found == "time":
            return f"{time.fromisoformat(value):%H:%M}"
        return for_reader(datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        return value


def _shown(value: Any, kind: str | None, titles: dict[tuple[str, int], str], words: dict[Any, str]) -> Any:
    """Return a value as text: the title of an object, the words of a choice, yes or no for a truth value."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value in (None, "", []):
        return None
    if kind is None and isinstance(value, list):
        parts = [str(_in_words(part, words)) for part in value]
        return (" · " if any(part.endswith(".") for part in parts) else ", ").join(parts)
    if kind is None:
        return _in_words(value, words)
    return titles.get((kind, value), "something restricted")


def _in_words(value: Any, words: dict[Any, str]) -> Any:
    if isinstance(value, dict):  # a part of a list, such as a question with its answer
        return " · ".join(str(part) for part in value.values() if part not in (None, "", []))
    return words.get(value, value) if isinstance(value, str | int) else value
