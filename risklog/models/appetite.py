"""Appetites: the highest score that the organisation carries without a treatment plan."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan

from actions.models import Action
from actions.states import UNFINISHED
from catalogue.states import Tier
from history.models import Recorded, Subject
from risklog.models.taxonomy import Category
from risklog.states import WITHOUT_PLAN, Treatment


class Appetite(Recorded):
    """The appetite for risks of a category, of models of a tier, of both, or of all.

    The most specific one applies to a risk: of category and tier, then of the category, then of the tier,
    then of all. max_score: 1 to 25; a score above it needs a treatment plan within plan_days days. why: the
    reason, "" in older ones. because: the decision or other object that is the reason for it.
    """

    KIND = "appetite"
    HISTORY_LABELS = {
        "max_score": "Highest score",
        "plan_days": "Days for a plan",
        "tier": "Tier of the model",
        "because": "Based on",
    }

    category = models.ForeignKey(Category, models.PROTECT, null=True, blank=True, related_name="+")
    tier = models.PositiveSmallIntegerField(choices=Tier.choices, null=True, blank=True)
    max_score = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(25)])
    plan_days = models.PositiveSmallIntegerField(
        default=14, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    why = models.TextField(blank=True, default="", db_default="")
    because = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="+")
    is_retired = models.BooleanField(default=False)

    # Set by history.queries.show().
    shown_because: Subject | None

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Coalesce("category", Value(0)),
                Coalesce("tier", Value(0)),
                condition=Q(is_retired=False),
                name="risklog_one_appetite",
            ),
            models.CheckConstraint(condition=Q(max_score__range=(1, 25)), name="risklog_appetite_score"),
        ]

    @property
    def subject_title(self) -> str:
        return f"Appetite: {self.scope}"

    @property
    def scope(self) -> str:
        """Return which risks it is for."""
        parts = [self.category.name if self.category else "", self.get_tier_display() if self.tier else ""]
        return ", ".join(part for part in parts if part) or "all risks"


# ------------------------------------------------------------------ conditions on risks


def appetite_of(field: str) -> Subquery:
    """Return a field of the appetite that applies to each risk as an expression, null without one."""
    rows = Appetite.objects.filter(
        Q(category=OuterRef("category")) | Q(category__isnull=True),
        Q(tier=OuterRef("model__tier")) | Q(tier__isnull=True),
        is_retired=False,
    )
    by_fit = rows.order_by(F("category").asc(nulls_last=True), F("tier").asc(nulls_last=True))
    return Subquery(by_fit.values(field)[:1])


def is_above() -> Q:
    """A live risk that is not accepted has a score above its appetite."""
    return Q(state__in=WITHOUT_PLAN) & Q(GreaterThan(F("severity"), appetite_of("max_score")))


def has_plan() -> Q:
    """A treatment was chosen, or somebody has an open action about the risk."""
    return ~Q(treatment="") | _has_action()


def needs_plan() -> Q:
    """A risk is above its appetite, and nobody reduces it.

    The treatment "accept" is no plan: an accepted risk needs none, until its acceptance has ended.
    """
    return is_above() & ~has_reducing_plan()


def has_reducing_plan() -> Q:
    """A treatment that reduces the risk was chosen, or somebody has an open action about it."""
    reducing = [one for one in Treatment if one != Treatment.ACCEPT]
    return Q(treatment__in=reducing) | _has_action()


def _has_action() -> Q:
    return Q(Exists(Action.objects.filter(about=OuterRef("subject"), state__in=UNFINISHED)))
