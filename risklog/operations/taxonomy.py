"""The taxonomy: its first categories, and how categories change without losing history."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from history import operations as history
from history.models import Event, Subject
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from people.slugs import free_slug, slug_of
from risklog.events import rules as events
from risklog.events.risk import RiskChanged
from risklog.models import Category, Ladder, Risk
from risklog.operations.appetite import move_appetites
from risklog.operations.first_categories import FIRST
from signals.states import SignalKind

CHANGEABLE = ("name", "kind", "definition", "signs", "questions", "mitigations")


@transaction.atomic
def seed(*, by: Actor, at: datetime) -> list[Category]:
    """Add the categories that every register starts with. Existing ones stay as they are."""
    known = set(Category.objects.values_list("slug", flat=True))
    added = [Category(**fields) for fields in FIRST if fields["slug"] not in known]
    history.record_many(added, "risklog.category_added", by=by, at=at)
    return added


@handler("risklog.taxonomy.add_first_categories")
def on_organisation_set_up(event: Event, *, at: datetime) -> None:
    """Give a new register its first categories."""
    seed(by=SYSTEM, at=at)


@transaction.atomic
def add(
    *,
    name: str,
    kind: str,
    definition: str,
    by: Actor,
    at: datetime,
    signs: str = "",
    questions: str = "",
    mitigations: str = "",
) -> Category:
    """Add a category. Its slug is derived from the name.

    kind: the kind of the signals that its risks belong to; it decides their focus. Raises Refused.
    """
    _check({"name": name, "kind": kind, "definition": definition}, None)
    slug = slug_of(name)[:60] or "category"
    if not name.isascii():
        taken = Category.objects.filter(slug__startswith=slug[:56]).values_list("slug", flat=True)
        slug = free_slug(slug, taken, "category")
    if Category.objects.filter(slug=slug).exists():
        raise Refused(f"The category “{slug}” already exists.", field="name")
    category = Category(
        slug=slug,
        name=name.strip(),
        kind=kind,
        definition=definition,
        signs=signs,
        questions=questions,
        mitigations=mitigations,
    )
    history.record(category, "risklog.category_added", by=by, at=at)
    return category


@transaction.atomic
def change(
    category: Category, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Category:
    """Change fields of CHANGEABLE. The slug stays, so that links keep working. Raises Refused."""
    if unknown := set(values) - set(CHANGEABLE):
        raise ValueError(f"change() does not set {', '.join(sorted(unknown))}.")
    _check(values, category)
    history.change(category, values, by=by, at=at, seen=seen)
    if "name" in values:
        history.retitle(category)
    return category


@transaction.atomic
def merge(
    category: Category,
    *,
    into: Category,
    why: str,
    because: Subject | None = None,
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> Category:
    """Move every risk of a category into another, then retire it. Its history says where they went.

    Ladders and appetites of the category move too, unless the other one has its own. What was merged into the
    category before counts as merged into the other one, so that its filters and links lead there. why,
    because: the reason, and the decision or other object behind it. Raises Refused, IllegalMove,
    ChangedMeanwhile.
    """
    if not why.strip():
        raise Refused("Enter the reason.", field="why")
    if into.pk == category.pk or into.is_retired:
        raise Refused("Choose another category that is not retired.", field="into")
    if category.is_retired:
        raise IllegalMove("This category is retired. Restore it first.", field="state")
    risks = list(Risk.objects.filter(category=category).select_related("subject").order_by("pk"))
    merged = {"merged_into": into, "why": why.strip(), "because": because}
    _retire(category, merged, by=by, at=at, seen=seen)
    history.change_many(
        [(risk, {"category": into, "updated_at": at}) for risk in risks],
        by=by,
        at=at,
        payload=RiskChanged(merged=category.name),
    )
    earlier = Category.objects.filter(merged_into=category).select_related("subject").order_by("pk")
    history.change_many([(one, {"merged_into": into}) for one in earlier], by=by, at=at)
    _move_ladders(category, into, by=by, at=at)
    move_appetites(category, into, by=by, at=at)
    return category


def _move_ladders(category: Category, into: Category, *, by: Actor, at: datetime) -> None:
    """Move the ladders of a category, unless the other one has a ladder for the same severity and team."""
    used = Ladder.objects.filter(is_retired=False).select_related("subject").order_by("pk")
    own = {(ladder.severity, ladder.team_id) for ladder in used.filter(category=into)}
    moved = [one for one in used.filter(category=category) if (one.severity, one.team_id) not in own]
    history.change_many(
        [(ladder, {"category": into}) for ladder in moved], by=by, at=at, verb="risklog.ladder_moved"
    )


@transaction.atomic
def retire(category: Category, *, by: Actor, at: datetime, seen: int | None = None) -> Category:
    """Allow no new risks in a category. Existing risks keep it."""
    return _retire(category, {}, by=by, at=at, seen=seen)


def _retire(
    category: Category, merged: dict[str, Any], *, by: Actor, at: datetime, seen: int | None
) -> Category:
    """Retire a category. merged: what it is merged into and why, {} if it is not."""
    payload = events.CategoryRetired()
    if merged:
        payload = events.CategoryRetired(into=merged["merged_into"].name, reason=merged["why"])
    values = {"is_retired": True, "merged_into": None, **merged}
    history.change(category, values, by=by, at=at, seen=seen, payload=payload)
    history.retire(category)
    return category


@transaction.atomic
def restore(category: Category, *, by: Actor, at: datetime, seen: int | None = None) -> Category:
    """Allow new risks in a retired category again."""
    values = {"is_retired": False, "merged_into": None, "why": "", "because": None}
    history.change(category, values, by=by, at=at, seen=seen, verb="risklog.category_restored")
    history.retire(category, is_retired=False)
    return category


def _check(values: Mapping[str, Any], category: Category | None) -> None:
    """Raise Refused if a value is not valid. category: the one that is changed, None for a new one."""
    fixes = (("name", "Enter a name."), ("definition", "Describe the category in one or two sentences."))
    for field, fix in fixes:
        if field in values and not str(values[field]).strip():
            raise Refused(fix, field=field)
    if "kind" in values and values["kind"] not in SignalKind.values:
        raise Refused(f"Use one of {', '.join(SignalKind.values)}.", field="kind")
    others = Category.objects.exclude(pk=category.pk) if category else Category.objects.all()
    if "name" in values and others.filter(name__iexact=str(values["name"]).strip()).exists():
        raise Refused("A category with this name already exists.", field="name")
