"""The API of thresholds: rules, their versions, and the steps of a proposal."""

from typing import Any, cast

from django.db.models import OuterRef, QuerySet, Subquery
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from people.models import User
from rest.fields import Body, Visible, read
from rest.resource import Collection, Item, Resource
from rest.steps import Step
from signals.filters.threshold import THRESHOLDS, VERSIONS
from signals.models import Series, Threshold, ThresholdVersion
from signals.operations import threshold as operations
from signals.queries import version as queries
from signals.queries.noise import Noise, noise_of
from signals.states import Agreement, RuleDirection, RuleKind

_NUMBERS = (
    "warning",
    "critical",
    "clear",
    "warning_low",
    "critical_low",
    "clear_low",
    "window_hours",
    "reopen_hours",
)
_COUNTS = ("needed", "among")
# The fields of a rule.
RULE = ("kind", "direction", *_NUMBERS, *_COUNTS)


class _LimitsRow(serializers.Serializer):
    """The limits of a rule that not every kind has, with its kind. Null: none."""

    kind = serializers.ChoiceField(RuleKind.choices, allow_null=True, default=None)
    warning_low = serializers.FloatField(allow_null=True, default=None)
    critical_low = serializers.FloatField(allow_null=True, default=None)
    clear_low = serializers.FloatField(allow_null=True, default=None)
    needed = serializers.IntegerField(allow_null=True, default=None)
    among = serializers.IntegerField(allow_null=True, default=None)
    window_hours = serializers.FloatField(allow_null=True, default=None)
    reopen_hours = serializers.FloatField(allow_null=True, default=None)


class ThresholdRow(_LimitsRow):
    """A threshold with its version in force. external_rule: name of a rule that its source evaluates."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    series_id = serializers.IntegerField(allow_null=True)
    model_name = serializers.CharField(source="series.model_name", default=None, allow_null=True)
    metric = serializers.CharField(source="series.metric", default=None, allow_null=True)
    feature = serializers.CharField(source="series.feature", default=None, allow_null=True)
    source_slug = serializers.CharField(source="source.slug", default=None, allow_null=True)
    external_rule = serializers.CharField()
    active_number = serializers.IntegerField(allow_null=True, default=None)
    direction = serializers.ChoiceField(RuleDirection.choices, allow_null=True, default=None)
    warning = serializers.FloatField(allow_null=True, default=None)
    critical = serializers.FloatField(allow_null=True, default=None)
    clear = serializers.FloatField(allow_null=True, default=None)
    agreed_at = serializers.DateTimeField(allow_null=True, default=None)
    reviewed = serializers.IntegerField(help_text="Reviewed breaches of the last 90 days.")
    false_alarms = serializers.IntegerField(help_text="How many of them people called a false alarm.")
    noisy_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was found to be noisy; else null."
    )


class RuleBody(Body):
    """The rule in a body. A null limit means no limit, not zero."""

    direction = serializers.ChoiceField(RuleDirection.choices, required=False)
    warning = serializers.FloatField(required=False, allow_null=True)
    critical = serializers.FloatField(required=False, allow_null=True)
    clear = serializers.FloatField(required=False, allow_null=True)
    kind = serializers.ChoiceField(RuleKind.choices, required=False)
    warning_low = serializers.FloatField(required=False, allow_null=True)
    critical_low = serializers.FloatField(required=False, allow_null=True)
    clear_low = serializers.FloatField(required=False, allow_null=True)
    needed = serializers.IntegerField(required=False, allow_null=True)
    among = serializers.IntegerField(required=False, allow_null=True)
    window_hours = serializers.FloatField(required=False, allow_null=True)
    reopen_hours = serializers.FloatField(required=False, allow_null=True)


class NewProposal(RuleBody):
    """The body that proposes a version. is_retraining_trigger: a crossing opens a change request."""

    is_retraining_trigger = serializers.BooleanField(required=False)
    reason = serializers.CharField(max_length=4_000)


class NewThreshold(NewProposal):
    """The body that proposes the first version of a threshold on a series."""

    series = Visible("series", Series.objects.visible_to, by="id")
    name = serializers.CharField(max_length=200, required=False)


def _in_force(column: str) -> Subquery:
    """Return a column of the threshold's version in force."""
    active = ThresholdVersion.objects.filter(threshold=OuterRef("pk"), state=Agreement.ACTIVE)
    return Subquery(active.values(column)[:1])


class _Thresholds(Resource):
    kind = "threshold"
    serializer_class = ThresholdRow
    active = {
        "active_number": "number",
        **{name: name for name in RULE},
        "agreed_at": "agreed_at",
    }
    columns = {
        "id": "id",
        "version": "version",
        "name": "name",
        "series_id": "series_id",
        "model_name": "series__model_name",
        "metric": "series__metric",
        "feature": "series__feature",
        "source_slug": "source__slug",
        "external_rule": "external_rule",
        "noisy_at": "noisy_at",
    }

    def rows(self, request: Request) -> QuerySet:
        return Threshold.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return self.rows(request).select_related("subject", "series__model__subject")

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Add the noise of each threshold, of what the reader may see."""
        user = cast(User, request.user)
        noise = noise_of([row["id"] for row in found], clock.now(), user=user)
        for row in found:
            figure = noise.get(row["id"], Noise())
            row |= {"reviewed": figure.reviewed, "false_alarms": figure.noise}
        return found

    def as_values(self, rows: QuerySet) -> QuerySet:
        return (
            super().as_values(rows).annotate(**{name: _in_force(path) for name, path in self.active.items()})
        )


class Thresholds(_Thresholds, Collection):
    """List thresholds. POST proposes a threshold."""

    permission = {"GET": "signals.view", "POST": "signals.threshold_propose"}
    bodies = {"POST": NewThreshold}
    spec = THRESHOLDS

    def post(self, request: Request) -> Response:
        values = read(NewThreshold, request)
        series = values.pop("series")
        version = operations.propose(series, **values, by=self.by(request), at=clock.now())
        return self.created(request, version.threshold_id, f"thresholds/{version.threshold_id}")


class ThresholdItem(_Thresholds, Item):
    """Get a threshold by number."""

    permission = {"GET": "signals.view"}


class VersionRow(_LimitsRow):
    """A version of a threshold: proposed, in force, replaced or declined."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    threshold_id = serializers.IntegerField()
    number = serializers.IntegerField()
    state = serializers.ChoiceField(Agreement.choices)
    direction = serializers.ChoiceField(RuleDirection.choices)
    warning = serializers.FloatField(allow_null=True)
    critical = serializers.FloatField(allow_null=True)
    clear = serializers.FloatField(allow_null=True)
    is_retraining_trigger = serializers.BooleanField()
    reason = serializers.CharField()
    proposed_by_id = serializers.IntegerField(allow_null=True)
    proposed_by_name = serializers.CharField(source="proposed_by.name", default=None, allow_null=True)
    agreed_by_id = serializers.IntegerField(allow_null=True)
    agreed_by_name = serializers.CharField(source="agreed_by.name", default=None, allow_null=True)
    agreed_at = serializers.DateTimeField(allow_null=True)
    declined_by_id = serializers.IntegerField(default=None, allow_null=True)
    declined_by_name = serializers.CharField(default=None, allow_null=True)
    declined_at = serializers.DateTimeField(default=None, allow_null=True)
    declined_because = serializers.CharField(default=None, allow_null=True)


class DeclineReason(Body):
    reason = serializers.CharField(max_length=4_000)


version_columns = {
    "id": "id",
    "version": "version",
    "threshold_id": "threshold_id",
    "number": "number",
    "state": "state",
    **{name: name for name in RULE},
    "is_retraining_trigger": "is_retraining_trigger",
    "reason": "reason",
    "proposed_by_id": "proposed_by_id",
    "proposed_by_name": "proposed_by__name",
    "agreed_by_id": "agreed_by_id",
    "agreed_by_name": "agreed_by__name",
    "agreed_at": "agreed_at",
}


def with_declines(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of versions with who declined them, when and why. Two queries, none without such a row."""
    declined = [row["id"] for row in rows if row["state"] == Agreement.DECLINED]
    versions = ThresholdVersion.objects.filter(pk__in=declined).select_related("threshold")
    found = queries.declines_of(versions) if declined else {}
    for row in rows:
        one = found.get(row["id"])
        row["declined_by_id"] = one.by.object_id if one and one.by else None
        row["declined_by_name"] = one.by.title if one and one.by else None
        row["declined_at"] = one.at if one else None
        row["declined_because"] = one.reason if one else None
    return rows


class _Versions(Resource):
    kind = "threshold-version"
    serializer_class = VersionRow
    columns = version_columns

    def rows(self, request: Request) -> QuerySet:
        return ThresholdVersion.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return queries.with_threshold(self.rows(request))

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        return with_declines(found)


class Versions(_Versions, Collection):
    """List threshold versions."""

    permission = {"GET": "signals.view"}
    spec = VERSIONS


class VersionItem(_Versions, Item):
    """Get a threshold version by number."""

    permission = {"GET": "signals.view"}


class Propose(_Thresholds, Item):
    """Propose a new version of a threshold."""

    permission = {"POST": "signals.threshold_propose"}
    bodies = {"POST": NewProposal}
    answers = {"POST": (201, ThresholdRow)}

    def post(self, request: Request, key: str) -> Response:
        threshold = self.found(request, key)
        values = read(NewProposal, request)
        version = operations.propose(threshold, **values, by=self.by(request), at=clock.now())
        answer = self.answer(request, threshold.pk, 201)
        answer["Location"] = f"/api/v1/threshold-versions/{version.pk}"
        return answer


class _ProposalStep(_Versions, Step):
    """A step of a proposed version."""

    permission = {"POST": "signals.threshold_agree"}
    answers = {"POST": (200, VersionRow)}
    is_versioned = True


class Agree(_ProposalStep):
    """Agree to a proposed version and put it in force."""

    operation = staticmethod(operations.agree)


class Decline(_ProposalStep):
    """Decline a proposed version."""

    body = DeclineReason
    operation = staticmethod(operations.decline)
