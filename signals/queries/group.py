"""One breach group: its breaches, its evidence, what changed in the day before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import JSONObject

from catalogue.models import Model
from people.models import User
from signals.models import Breach, BreachGroup, ThresholdVersion
from signals.queries import chart as charts
from signals.states import BreachState

DAY_BEFORE = timedelta(days=1)
MOST_CHANGES = 6
_AROUND = timedelta(days=3)


def models_with_groups(user: User) -> QuerySet[Model]:
    """The models that groups are about, for the filter."""
    seen = BreachGroup.objects.visible_to(user).filter(model__isnull=False)
    return Model.objects.visible_to(user).filter(pk__in=seen.values("model_id")).order_by("name", "id")


def shown_model(user: User, group: BreachGroup) -> Model | None:
    """The model a group is about, None where the reader may not see it. Needs the model's subject loaded."""
    return group.model if group.model and group.model.subject.is_visible_to(user) else None


def breaches_of(group: BreachGroup) -> QuerySet[Breach]:
    """The breaches of a group that the reader may see: open ones first, the worst first. See BREACH_ORDER."""
    is_open = Case(When(state=BreachState.OPEN, then=Value(0)), default=Value(1), output_field=IntegerField())
    return (
        Breach.objects.filter(group=group)
        .annotate(order=is_open)
        .select_related(
            "series__subject", "threshold__subject", "threshold__source", "threshold_version", "alert__source"
        )
    )


def sighted(user: User, breaches: Sequence[Breach]) -> None:
    """Set is_series_seen and is_rule_seen: being asked about a group shows no more than the group."""
    for one in breaches:
        is_seen = one.series is not None and one.series.subject.is_visible_to(user)
        one.is_series_seen = is_seen  # type: ignore[attr-defined]
        one.is_rule_seen = one.threshold.subject.is_visible_to(user)  # type: ignore[attr-defined]


BREACH_ORDER = ("order", "-level", "-opened_at", "-id")


def evidence(
    user: User, group: BreachGroup, breaches: Sequence[Breach], *, at: datetime
) -> charts.Chart | None:
    """The chart of the worst of sighted() breaches: from a week before the group on."""
    series = next((breach.series for breach in breaches if breach.is_series_seen), None)  # type: ignore[attr-defined]
    if series is None:
        return None
    end = at if group.cleared_at is None else min(group.cleared_at + _AROUND, at)
    return charts.chart(user, series, start=group.opened_at - timedelta(days=7), end=end)


@dataclass(frozen=True, slots=True)
class PriorChange:
    """A threshold version agreed, or another group opened. number: of the version; pk: the threshold's."""

    at: datetime
    title: str
    pk: int | None = None
    number: int | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class PriorChanges:
    """What changed on the same model in the day before a group opened."""

    versions: Sequence[PriorChange]
    groups: Sequence[PriorChange]

    @property
    def is_empty(self) -> bool:
        return not self.versions and not self.groups


def with_day_before(rows: Any, user: User) -> Any:
    """Groups with what day_before() reads: thresholds agreed and other breaches opened in the day before."""
    opened_at, model_name = OuterRef("opened_at"), OuterRef("model_name")
    day = (opened_at - DAY_BEFORE, opened_at)
    same = Q(threshold__series__model_name=model_name)
    versions = ThresholdVersion.objects.filter(same, agreed_at__range=day).visible_to(user)
    agreed = versions.order_by("-agreed_at", "-id").values(
        row=JSONObject(at="agreed_at", title="threshold__name", pk="threshold_id", number="number")
    )
    others = BreachGroup.objects.filter(model_name=model_name, opened_at__range=day).visible_to(user)
    opened = (
        others.filter(~Q(pk=OuterRef("pk")))
        .order_by("-opened_at", "-id")
        .values(row=JSONObject(at="opened_at", title="title", reference="subject__reference"))
    )
    return rows.annotate(
        agreed_before=ArraySubquery(agreed[:MOST_CHANGES]), opened_before=ArraySubquery(opened[:MOST_CHANGES])
    )


def day_before(group: Any) -> PriorChanges:
    """What changed in the day before a group of with_day_before()."""
    found = (group.agreed_before, group.opened_before)
    return PriorChanges(
        *([PriorChange(**row | {"at": charts.moment(row["at"])}) for row in rows] for rows in found)
    )
