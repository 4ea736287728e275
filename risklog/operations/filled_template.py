"""Filling templates in about a risk, a breach, a review, an experiment or an incident."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from history import operations as history
from history.models import Subject
from history.operations import Placement
from kit.actor import Actor
from kit.refusals import Refused
from kit.texts import many_lines, one_line
from risklog.models import Experiment, FilledTemplate, Review, Risk, Template, TemplateVersion
from risklog.states import FieldType
from signals.models import BreachGroup

CHANGEABLE = ("title", "values")
# What a filled template can be about.
# The last one is a kind of the room incidents, above.
KINDS = (Risk.KIND, BreachGroup.KIND, Review.KIND, Experiment.KIND, "incident")
LARGEST = 10**15
_LONGEST = {FieldType.LINE: 300, FieldType.TEXT: 10_000}


@transaction.atomic
def add(
    *,
    template: Template,
    about: Subject,
    values: Mapping[str, Any],
    by: Actor,
    at: datetime,
    title: str = "",
) -> FilledTemplate:
    """Fill in the current version of a template. Who may see what it is about may see it.

    values: key of a field -> value. title: by default the names of the template and of the subject.
    Raises Refused with the name of the field, such as values.cause.
    """
    if template.is_retired:
        raise Refused(f"“{template.name}” is retired. Choose another template.", field="template")
    if about.kind not in KINDS:
        raise Refused("Choose a risk, a breach, a review, an experiment or an incident.", field="about")
    version = TemplateVersion.objects.get(template=template, is_current=True)
    filled = FilledTemplate(
        title=_title(title) or f"{template.name}: {about.title}"[:200],
        template=template,
        template_version=version,
        about=about,
        values=checked(version.fields, values),
        author=by.person,
        opened_at=at,
        updated_at=at,
    )
    placed = Placement(parent=about, grants=history.author(by))
    history.record(filled, "risklog.filled_template_added", by=by, at=at, placed=placed)
    return filled


@transaction.atomic
def change(
    filled: FilledTemplate, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> FilledTemplate:
    """Change the title, or some of the values. A value that is not given stays; None or "" removes it.

    Raises Refused with the name of the field, ChangedMeanwhile.
    """
    if unknown := set(values) - set(CHANGEABLE):
        raise ValueError(f"change() does not set {', '.join(sorted(unknown))}.")
    changes: dict[str, Any] = {}
    if "title" in values:
        changes["title"] = _title(values["title"]) or filled.title
    if "values" in values:
        merged = {**filled.values, **values["values"]}
        changes["values"] = checked(filled.template_version.fields, merged)
    if all(getattr(filled, name) == value for name, value in changes.items()):
        return filled
    verb = "risklog.filled_template_changed"
    history.change(filled, {**changes, "updated_at": at}, by=by, at=at, seen=seen, verb=verb)
    if "title" in changes:
        history.retitle(filled)
    return filled


def checked(fields: Sequence[Mapping[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as they are stored, without empty ones. Raises Refused with all fields at fault."""
    known = [field["key"] for field in fields]
    fix = f"No such field. Known: {', '.join(known)}."
    wrong = {f"values.{key}": fix for key in sorted(set(given) - set(known))}
    values: dict[str, Any] = {}
    for field in fields:
        try:
            value = _checked(field, given.get(field["key"]))
        except Refused as refusal:
            wrong[f"values.{field['key']}"] = refusal.message
            continue
        if value is not None:
            values[field["key"]] = value
        elif field["is_required"]:
            wrong[f"values.{field['key']}"] = f"Fill in “{field['label']}”."
    if wrong:
        first = next(iter(wrong))
        message = wrong.pop(first)
        raise Refused(message, field=first, further=wrong)
    return values


def _checked(field: Mapping[str, Any], value: Any) -> Any:
    """Return the value of one field as it is stored, None for an empty one. Raises Refused."""
    kind = FieldType(field["type"])
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if kind == FieldType.YES_NO and isinstance(value, bool):
        return value
    if kind == FieldType.NUMBER and _is_number(value):
        return value
    if kind == FieldType.DATE and (day := _day(value)) is not None:
        return day
    if kind == FieldType.CHOICE and value in field["choices"]:
        return value
    if kind in _LONGEST and isinstance(value, str) and len(value) <= _LONGEST[kind]:
        return (one_line(value) if kind == FieldType.LINE else many_lines(value)).strip()
    raise Refused(_fix(field, kind))


def _is_number(value: Any) -> bool:
    """Return True for a number that every client can read back: JSON has no infinity, and few have 1e308."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST


def _day(value: Any) -> str | None:
    if isinstance(value, date):
        return value.isoformat()
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        return None


def _fix(field: Mapping[str, Any], kind: FieldType) -> str:
    return {
        FieldType.YES_NO: "Use true or false.",
        FieldType.NUMBER: f"Use a number from -{LARGEST:,} to {LARGEST:,}.",
        FieldType.DATE: "Use a date such as 2026-12-31.",
        FieldType.CHOICE: f"Use one of {', '.join(field['choices'])}.",
        FieldType.LINE: f"Use a text of up to {_LONGEST[FieldType.LINE]} characters.",
        FieldType.TEXT: f"Use a text of up to {_LONGEST[FieldType.TEXT]:,} characters.",
    }[kind]


def _title(title: str) -> str:
    title = " ".join(one_line(title).split())
    if len(title) > 200:
        raise Refused("Shorten the title to 200 characters.", field="title")
    return title
