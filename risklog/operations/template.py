"""Templates: adding, changing and retiring them. An edit of the fields makes a new version."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from history import operations as history
from history.models import Event
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from kit.texts import one_line
from people.slugs import slug_of
from risklog.events import rules as events
from risklog.models import Template, TemplateVersion
from risklog.operations.first_templates import FIRST
from risklog.states import FieldType

CHANGEABLE = ("name", "purpose", "fields")
MOST_FIELDS, MOST_CHOICES = 40, 20
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")


@transaction.atomic
def add(
    *, name: str, fields: Sequence[Mapping[str, Any]], by: Actor, at: datetime, purpose: str = ""
) -> Template:
    """Add a template with its first version. fields: as checked_fields() takes them. Raises Refused."""
    template = Template(name=_name(name, None), purpose=purpose.strip())
    version = TemplateVersion(template=template, number=1, fields=checked_fields(fields))
    history.record(template, "risklog.template_added", by=by, at=at, rows=[version])
    return template


@transaction.atomic
def change(
    template: Template, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Template:
    """Change fields of CHANGEABLE. Other fields of the form make a new version; filled ones keep theirs.

    Readers see the fields as a part of the template, so other fields raise its `version` too.
    Raises Refused, ChangedMeanwhile.
    """
    if unknown := set(values) - set(CHANGEABLE):
        raise ValueError(f"change() does not set {', '.join(sorted(unknown))}.")
    own: dict[str, Any] = {}
    if "name" in values:
        own["name"] = _name(values["name"], template)
    if "purpose" in values:
        own["purpose"] = values["purpose"].strip()
    current = TemplateVersion.objects.select_for_update().get(template=template, is_current=True)
    fields = checked_fields(values["fields"]) if "fields" in values else current.fields
    rows: list[Any] = []
    if fields != current.fields:
        version = TemplateVersion(template=template, number=current.number + 1, fields=fields)
        rows = [(current, {"is_current": False}), version]
    if not rows and all(getattr(template, name) == value for name, value in own.items()):
        return template
    payload = events.TemplateChanged(number=current.number + len(rows) // 2)
    history.change(
        template, own, by=by, at=at, seen=seen, payload=payload, rows=rows, raises_version=bool(rows)
    )
    if "name" in own:
        history.retitle(template)
    return template


@transaction.atomic
def retire(template: Template, *, by: Actor, at: datetime, seen: int | None = None) -> Template:
    """Offer a template no more. Filled ones stay."""
    history.change(template, {"is_retired": True}, by=by, at=at, seen=seen, verb="risklog.template_retired")
    history.retire(template)
    return template


@transaction.atomic
def restore(template: Template, *, by: Actor, at: datetime, seen: int | None = None) -> Template:
    """Offer a retired template again."""
    history.change(template, {"is_retired": False}, by=by, at=at, seen=seen, verb="risklog.template_restored")
    history.retire(template, is_retired=False)
    return template


@transaction.atomic
def seed(*, by: Actor, at: datetime) -> list[Template]:
    """Add the templates that every register starts with. Existing ones stay as they are."""
    known = set(Template.objects.values_list("name", flat=True))
    return [add(**first, by=by, at=at) for first in FIRST if first["name"] not in known]


@handler("risklog.template.add_first_templates")
def on_organisation_set_up(event: Event, *, at: datetime) -> None:
    """Give a new register its first templates."""
    seed(by=SYSTEM, at=at)


def checked_fields(given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the fields as they are stored. Raises Refused that names the invalid field.

    given: {"label", "type"?, "help"?, "is_required"?, "choices"?, "key"?}. A key is derived from the label.
    """
    if not 1 <= len(given) <= MOST_FIELDS:
        raise Refused(f"A template has 1 to {MOST_FIELDS} fields.", field="fields")
    fields: list[dict[str, Any]] = []
    for number, field in enumerate(given, start=1):
        fields.append(_field(number, field, {one["key"] for one in fields}))
    return fields


def _field(number: int, given: Mapping[str, Any], taken: set[str]) -> dict[str, Any]:
    label = " ".join(one_line(str(given.get("label", ""))).split())
    kind, choices = (
        given.get("type") or FieldType.LINE,
        [str(one).strip() for one in given.get("choices") or []],
    )
    key = given.get("key") or slug_of(label).replace("-", "_")[:40] or f"field_{number}"
    if not label or len(label) > 120:
        raise _wrong(number, "enter a label of up to 120 characters.")
    if kind not in FieldType.values:
        raise _wrong(number, f"use one of the types {', '.join(FieldType.values)}.")
    if not _KEY.fullmatch(key) or key in taken:
        raise _wrong(number, f"“{key}” cannot be its key. Use another label, or a key of its own.")
    if kind == FieldType.CHOICE and not (
        2 <= len(set(choices)) == len(choices) <= MOST_CHOICES and all(choices)
    ):
        raise _wrong(number, f"give 2 to {MOST_CHOICES} different choices.")
    return {
        "key": key,
        "label": label,
        "type": str(kind),
        "help": str(given.get("help", "")).strip()[:300],
        "is_required": bool(given.get("is_required", False)),
        "choices": choices if kind == FieldType.CHOICE else [],
    }


def _wrong(number: int, fix: str) -> Refused:
    return Refused(f"Field {number}: {fix}", field="fields")


def _name(name: str, template: Template | None) -> str:
    name = " ".join(one_line(name).split())
    if not name or len(name) > 120:
        raise Refused("Enter a name of up to 120 characters.", field="name")
    others = Template.objects.exclude(pk=template.pk) if template else Template.objects.all()
    if others.filter(name__iexact=name).exists():
        raise Refused("A template with this name exists already. Use another name.", field="name")
    return name
