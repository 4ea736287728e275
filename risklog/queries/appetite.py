"""Reading appetites, and what a new or changed one would do."""

from dataclasses import dataclass

from django.db.models import BooleanField, Case, Count, Exists, F, OuterRef, Q, When
from django.db.models.lookups import GreaterThan

from history.models import RecordedQuerySet
from kit.sight import Visitor
from risklog.models import Appetite, Category, Risk
from risklog.models.appetite import appetite_of, has_reducing_plan
from risklog.states import WITHOUT_PLAN


def in_force(user: Visitor) -> RecordedQuerySet[Appetite]:
    """Return the appetites in force, the most general first."""
    rows = appetites(user).filter(is_retired=False)
    name = F("category__name__collated")
    return rows.order_by(name.asc(nulls_first=True), F("tier").asc(nulls_first=True), "id")


def appetites(user: Visitor) -> RecordedQuerySet[Appetite]:
    """Return all appetites with what they name, removed ones included."""
    return Appetite.objects.visible_to(user).select_related("subject", "category", "because")


def ending(user: Visitor, category: Category) -> list[tuple[Appetite, str]]:
    """Return the appetites that a merge may end: each with the categories that have their own."""
    used = in_force(user).filter(category__isnull=False)
    others: dict[int | None, list[str]] = {}
    own: list[Appetite] = []
    for one in used:
        if one.category_id == category.pk:
            own.append(one)
        elif one.category is not None and not one.category.is_retired:
            others.setdefault(one.tier, []).append(one.category.name)
    return [(one, ", ".join(others[one.tier])) for one in own if one.tier in others]


# ------------------------------------------------------------------ what an appetite would do


@dataclass(frozen=True, slots=True)
class AppetiteEffect:
    """What an appetite does to the live risks that are not accepted, as far as a reader may see them.

    applies: to how many. above: those with a score above it. risen, fallen: those that are above it but not
    above the present appetite, and the other way round. without_plan: of risen, those that get a date.
    """

    applies: int
    above: int
    risen: int
    fallen: int
    without_plan: int


def effect_of(
    user: Visitor, *, max_score: int, category: Category | None = None, tier: int | None = None
) -> AppetiteEffect:
    """Return what an appetite of this scope would do, in place of one of the same scope. One query."""
    risks = Risk.objects.visible_to(user).filter(_in_scope(category, tier), state__in=WITHOUT_PLAN)
    is_above = Q(severity__gt=max_score)
    was_above = Q(GreaterThan(F("severity"), F("present_limit")))
    was_below = Q(present_limit__isnull=True) | Q(severity__lte=F("present_limit"))
    is_reduced = Case(When(has_reducing_plan(), then=True), default=False, output_field=BooleanField())
    rows = risks.annotate(present_limit=appetite_of("max_score"), is_reduced=is_reduced)
    counts = rows.aggregate(
        applies=Count("pk"),
        above=Count("pk", filter=is_above),
        risen=Count("pk", filter=is_above & was_below),
        fallen=Count("pk", filter=~is_above & was_above),
        without_plan=Count("pk", filter=is_above & was_below & Q(is_reduced=False)),
    )
    return AppetiteEffect(**counts)


def _in_scope(category: Category | None, tier: int | None) -> Q:
    """Return the condition that an appetite of this scope is the most specific one of a risk."""
    scope = Q()
    if category:
        scope &= Q(category=category)
    if tier:
        scope &= Q(model__tier=tier)
    if category and tier:
        return scope
    more_specific = Appetite.objects.filter(
        Q(category=OuterRef("category")) | Q(category__isnull=True),
        Q(tier=OuterRef("model__tier")) | Q(tier__isnull=True),
        _is_more_specific(category, tier),
        is_retired=False,
    )
    return scope & ~Q(Exists(more_specific))


def _is_more_specific(category: Category | None, tier: int | None) -> Q:
    """Return the condition that an appetite applies before one of this scope: a category counts first."""
    if category:
        return Q(category__isnull=False, tier__isnull=False)
    if tier:
        return Q(category__isnull=False)
    return Q(category__isnull=False) | Q(tier__isnull=False)
