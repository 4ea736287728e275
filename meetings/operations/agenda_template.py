"""Add templates of agendas, change them, retire and restore them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from kit.texts import one_line
from meetings.models import AgendaTemplate
from meetings.operations import standing

CHANGEABLE = frozenset({"name", "items"})
_TAKEN = "An agenda template with this name exists already. Use another name."


@transaction.atomic
def add(*, name: str, items: Sequence[Mapping[str, Any]], by: Actor, at: datetime) -> AgendaTemplate:
    """Add a template. items: as in AgendaTemplate. Raises Refused(field="name" or "items")."""
    template = AgendaTemplate(name=_name(name, None), items=_items(items))
    try:
        with transaction.atomic():
            history.record(template, "meetings.agenda_template_added", by=by, at=at)
    except IntegrityError:  # two at the same moment: the constraint decides
        raise Refused(_TAKEN, field="name") from None
    return template


@transaction.atomic
def change(
    template: AgendaTemplate,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> AgendaTemplate:
    """Change fields of CHANGEABLE. Series and meetings that began with it stay as they are.

    Raises Refused(field="name" or "items"), ChangedMeanwhile.
    """
    if unknown := set(values) - CHANGEABLE:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    fields = dict(values)
    if "name" in fields:
        fields["name"] = _name(fields["name"], template)
    if "items" in fields:
        fields["items"] = _items(fields["items"])
    verb = "meetings.agenda_template_changed"
    try:
        with transaction.atomic():
            event = history.change(template, fields, by=by, at=at, seen=seen, verb=verb)
    except IntegrityError:
        raise Refused(_TAKEN, field="name") from None
    if event and "name" in fields:
        history.retitle(template)
    return template


@transaction.atomic
def retire(template: AgendaTemplate, *, by: Actor, at: datetime, seen: int | None = None) -> AgendaTemplate:
    """Offer a template no more."""
    verb = "meetings.agenda_template_retired"
    history.change(template, {"is_retired": True}, by=by, at=at, seen=seen, verb=verb)
    history.retire(template)
    return template


@transaction.atomic
def restore(template: AgendaTemplate, *, by: Actor, at: datetime, seen: int | None = None) -> AgendaTemplate:
    """Offer a retired template again."""
    verb = "meetings.agenda_template_restored"
    history.change(template, {"is_retired": False}, by=by, at=at, seen=seen, verb=verb)
    history.retire(template, is_retired=False)
    return template


def items_of(template: AgendaTemplate | None) -> list[dict[str, Any]]:
    """Return the items that a series or a meeting begins with; none without a template.

    Raises Refused(field="template") for a retired one.
    """
    if template is None:
        return []
    if template.is_retired:
        raise Refused("This agenda template is retired. Choose another one.", field="template")
    return [dict(item) for item in template.items]


def _items(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if not items:
        raise Refused("Enter at least one item.", field="items")
    standing.check(items, field="items")
    return [dict(item) for item in items]


def _name(name: str, template: AgendaTemplate | None) -> str:
    name = " ".join(one_line(name).split())
    if not name or len(name) > 120:
        raise Refused("Enter a name of up to 120 characters.", field="name")
    others = AgendaTemplate.objects.exclude(pk=template.pk) if template else AgendaTemplate.objects.all()
    if others.filter(name__iexact=name).exists():
        raise Refused(_TAKEN, field="name")
    return name
