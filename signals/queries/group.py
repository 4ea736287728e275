"""Queries of one breach group: its breaches, its evidence, the changes in the 24 hours before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import JSONObject

from catalogue.models import ChangeRequest, Deployment, Model, Version
from catalogue.states import DeploymentState
from people.models import User
from signals.models import Breach, BreachGroup, ThresholdVersion
from signals.queries import chart as charts
from signals.states import BreachState

DAY_BEFORE = timedelta(days=1)
MAX_CHANGES = 6
_AROUND = timedelta(days=3)


def shown_model(user: User, group: BreachGroup) -> Model | None:
    """Return the model of a group, None if the user may not see it. The model's subject must be loaded."""
    return group.model if group.model and group.model.subject.is_visible_to(user) else None


def shown_retraining(user: User, group: BreachGroup) -> ChangeRequest | None:
    """Return the change request of its retraining trigger, None if the user may not see it. No query."""
    request = group.retraining
    return request if request and request.subject.is_visible_to(user) else None


def breaches_of(group: BreachGroup) -> QuerySet[Breach]:
    """Return the breaches of a group, with `order`: 0 for open ones, else 1. Sort them by BREACH_ORDER."""
    is_open = Case(When(state=BreachState.OPEN, then=Value(0)), default=Value(1), output_field=IntegerField())
    return (
        Breach.objects.filter(group=group)
        .annotate(order=is_open)
        .select_related(
            "series__subject", "threshold__subject", "threshold__source", "threshold_version", "alert__source"
        )
    )


def set_visibility(user: User, breaches: Sequence[Breach]) -> None:
    """Set is_series_seen and is_rule_seen of each breach.

    A user who was granted the group, for example as a reviewer, does not see its series and rules by that.
    """
    for breach in breaches:
        breach.is_series_seen = breach.series is not None and breach.series.subject.is_visible_to(user)
        breach.is_rule_seen = breach.threshold.subject.is_visible_to(user)


BREACH_ORDER = ("order", "-level", "-opened_at", "-id")


def evidence(
    user: User, group: BreachGroup, breaches: Sequence[Breach], *, at: datetime
) -> charts.Chart | None:
    """Return the chart of the first breach whose series the user may see, None if there is none.

    It begins a week before the group. breaches: sorted by BREACH_ORDER, after set_visibility().
    """
    series = next((breach.series for breach in breaches if breach.is_series_seen), None)
    if series is None:
        return None
    end = at if group.cleared_at is None else min(group.cleared_at + _AROUND, at)
    return charts.chart(user, series, start=group.opened_at - timedelta(days=7), end=end)


@dataclass(frozen=True, slots=True)
class PriorChange:
    """A version that was agreed, or another group that opened.

    title: of the threshold or the group. pk: of the threshold. number: of the version. reference: of the
    group.
    """

    at: datetime
    title: str
    pk: int | None = None
    number: int | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class PriorRelease:
    """A version of the model that was trained or deployed. environment: "" for a training."""

    at: datetime
    pk: int
    version: str
    environment: str = ""
    is_rolled_back: bool = False


@dataclass(frozen=True, slots=True)
class PriorChanges:
    """The changes on the same model in the 24 hours before a group opened, the latest first of each kind."""

    deployments: Sequence[PriorRelease]
    trained: Sequence[PriorRelease]
    versions: Sequence[PriorChange]
    groups: Sequence[PriorChange]

    @property
    def is_empty(self) -> bool:
        return not (self.deployments or self.trained or self.versions or self.groups)


def with_day_before(rows: Any, user: User) -> Any:
    """Return groups with what day_before() reads, of the 24 hours before each: deployments and versions of
    the model, agreed versions of thresholds, and other groups.
    """
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
        deployed_before=ArraySubquery(_deployed(user, day)[:MAX_CHANGES]),
        trained_before=ArraySubquery(_trained(user, day)[:MAX_CHANGES]),
        agreed_before=ArraySubquery(agreed[:MAX_CHANGES]),
        opened_before=ArraySubquery(opened[:MAX_CHANGES]),
    )


def _deployed(user: User, day: tuple[Any, Any]) -> QuerySet[Any]:
    """Return the deployments of the outer group's model in a period, as JSON of PriorRelease."""
    rows = Deployment.objects.filter(model=OuterRef("model_id"), deployed_at__range=day).visible_to(user)
    return rows.order_by("-deployed_at", "-id").values(
        row=JSONObject(
            at="deployed_at",
            pk="pk",
            version="model_version__name",
            environment="environment",
            is_rolled_back=Q(state=DeploymentState.ROLLED_BACK),
        )
    )


def _trained(user: User, day: tuple[Any, Any]) -> QuerySet[Any]:
    """Return the versions of the outer group's model that were trained in a period."""
    rows = Version.objects.filter(model=OuterRef("model_id"), made_at__range=day).visible_to(user)
    return rows.order_by("-made_at", "-id").values(row=JSONObject(at="made_at", pk="pk", version="name"))


def day_before(group: Any) -> PriorChanges:
    """Return the changes in the 24 hours before a group. group: a row of with_day_before()."""
    return PriorChanges(
        _prior(PriorRelease, group.deployed_before),
        _prior(PriorRelease, group.trained_before),
        _prior(PriorChange, group.agreed_before),
        _prior(PriorChange, group.opened_before),
    )


def _prior(kind: type[Any], rows: Sequence[dict[str, Any]]) -> list[Any]:
    return [kind(**row | {"at": charts.moment(row["at"])}) for row in rows]
