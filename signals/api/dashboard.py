"""The API of dashboards and snapshots."""

from typing import Any, cast

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.models import Model
from history.models import Subject
from history.queries import seen_by, tell
from kit import clock
from people.models import Team, User
from rest.edits import EditableItem
from rest.fields import Body, Visible, read
from rest.nested import NestedCollection
from rest.resource import Collection, Item, Resource
from rest.steps import Step
from signals.api.period import period_in
from signals.dashboards import MAX_PANELS
from signals.filters.dashboard import DASHBOARDS, SNAPSHOTS
from signals.models import Series, Snapshot
from signals.operations import dashboard as operations
from signals.queries import dashboard as queries
from signals.queries import picture
from signals.states import PanelKind, SignalKind

MOST_ID = 2**63 - 1  # of a bigint


def _ids() -> serializers.ListField:
    child = serializers.IntegerField(min_value=1, max_value=MOST_ID)
    return serializers.ListField(child=child, required=False, max_length=12, help_text="Numbers.")


class PanelBody(Body):
    """A panel. series and figures need `series`; grid `models` and `metric`; breaches and risks `models`."""

    kind = serializers.ChoiceField(PanelKind.choices)
    title = serializers.CharField(max_length=120, required=False, allow_blank=True)
    series = _ids()
    models = _ids()
    metric = serializers.CharField(max_length=120, required=False, allow_blank=True)
    signal = serializers.ChoiceField(
        SignalKind.choices, required=False, help_text="Of breaches: only those of this kind."
    )


class DashboardRow(serializers.Serializer):
    """A dashboard with its present panels."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    purpose = serializers.CharField()
    model_id = serializers.IntegerField(allow_null=True)
    model_slug = serializers.CharField(source="model.slug", default=None, allow_null=True)
    team_slug = serializers.CharField(source="team.slug", default=None, allow_null=True)
    focus = serializers.CharField()
    author_id = serializers.IntegerField(allow_null=True)
    is_retired = serializers.BooleanField()
    number = serializers.IntegerField(help_text="The version of the panels.")
    panels = serializers.ListField(child=PanelBody())


class DashboardChange(Body):
    """The fields to change. Fields that are not sent keep their values; other panels make a new version."""

    name = serializers.CharField(max_length=120, required=False)
    purpose = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    team = Visible("team", Team.objects.visible_to, required=False, allow_null=True)
    focus = serializers.ChoiceField(SignalKind.choices, required=False, allow_blank=True)
    panels = serializers.ListField(child=PanelBody(), max_length=MAX_PANELS, required=False)


class NewDashboard(DashboardChange):
    """The body that adds a dashboard. model: who may see it may see the dashboard, and nobody else."""

    name = serializers.CharField(max_length=120)
    model = Visible("model", Model.objects.visible_to, required=False, allow_null=True)
    panels = serializers.ListField(child=PanelBody(), max_length=MAX_PANELS)


class _Dashboards(Resource):
    kind = "dashboard"
    serializer_class = DashboardRow
    columns = {
        **{name: name for name in DashboardRow().fields},
        "model_slug": "model__slug",
        "team_slug": "team__slug",
        "panels": "current_panels",
    }

    def rows(self, request: Request) -> QuerySet:
        return queries.dashboards(request.user)


class Dashboards(_Dashboards, Collection):
    """List dashboards, retired ones included. POST adds one."""

    permission = {"GET": "signals.view", "POST": "signals.dashboard_add"}
    bodies = {"POST": NewDashboard}
    spec = DASHBOARDS

    def post(self, request: Request) -> Response:
        dashboard = operations.add(**read(NewDashboard, request), by=self.by(request), at=clock.now())
        return self.created(request, dashboard.pk, f"dashboards/{dashboard.pk}")


class DashboardItem(_Dashboards, EditableItem):
    """A dashboard, by number."""

    permission = {"GET": "signals.view", "PATCH": "signals.dashboard_change"}
    body = DashboardChange
    operation = staticmethod(operations.change)


class BackBody(Body):
    number = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, help_text="The version of the panels to show again."
    )


class DashboardGoBack(_Dashboards, Step):
    """Show the panels of an earlier version again, as a new version."""

    permission = {"POST": "signals.dashboard_change"}
    body = BackBody
    answers = {"POST": (200, DashboardRow)}
    operation = staticmethod(operations.go_back)
    is_versioned = True


class _DashboardStep(_Dashboards, Step):
    is_versioned = True
    permission = {"POST": "signals.dashboard_change"}
    answers = {"POST": (200, DashboardRow)}


class RetireDashboard(_DashboardStep):
    """List a dashboard no more. Its snapshots stay."""

    operation = staticmethod(operations.retire)


class RestoreDashboard(_DashboardStep):
    """List a retired dashboard again."""

    operation = staticmethod(operations.restore)


# ------------------------------------------------------------------ snapshots


class SnapshotRow(serializers.Serializer):
    """A snapshot. pictures: what it shows, without the series that the reader may not see."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    dashboard_id = serializers.IntegerField(allow_null=True)
    pinned_to_reference = serializers.CharField(source="pinned_to.reference", default=None, allow_null=True)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    author_id = serializers.IntegerField(allow_null=True)
    at = serializers.DateTimeField()
    pictures = serializers.ListField(child=serializers.DictField())


class NewSnapshot(Body):
    """The body that takes a snapshot. from, until: as in /charts; by default the last 45 days."""

    name = serializers.CharField(max_length=200, required=False)
    pinned_to = Visible(
        "subject", Subject.objects.visible_to, by="reference", required=False, allow_null=True
    )
    until = serializers.CharField(max_length=40, required=False)

    def get_fields(self) -> Any:
        """Add `from`, which no attribute can be called."""
        return super().get_fields() | {"from": serializers.CharField(max_length=40, required=False)}


class NewSeriesSnapshot(NewSnapshot):
    """The body that takes a snapshot of one chart. series: its number."""

    series = Visible("series", Series.objects.visible_to)


class _Snapshots(Resource):
    kind = "dashboard_snapshot"
    serializer_class = SnapshotRow
    columns = {
        **{name: name for name in SnapshotRow().fields},
        "pinned_to_reference": "pinned_to__reference",
    }

    def rows(self, request: Request) -> QuerySet:
        return Snapshot.objects.visible_to(request.user)

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(**seen_by("pinned_to"))

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        rows = tell(request.user, found, "pinned_to")
        pictures = picture.visible_parts(request.user, [one for row in rows for one in row["pictures"]])
        shown = iter(pictures)
        for row in rows:
            row["pictures"] = [next(shown) for _ in row["pictures"]]
        return rows


class Snapshots(_Snapshots, Collection):
    """List snapshots. POST takes one of the chart of a single series."""

    permission = {"GET": "signals.view", "POST": "signals.dashboard_add"}
    bodies = {"POST": NewSeriesSnapshot}
    spec = SNAPSHOTS

    def post(self, request: Request) -> Response:
        given = read(NewSeriesSnapshot, request)
        series, period = given["series"], period_in(given)
        snapshot = operations.take_snapshot(
            queries.pictures_of_series(cast(User, request.user), series, period),
            name=given.get("name") or series.display_name,
            period=period,
            link=f"/signals/series/{series.pk}/?{period.query}",
            series=series,
            pinned_to=given.get("pinned_to"),
            by=self.by(request),
            at=clock.now(),
        )
        return self.created(request, snapshot.pk, f"snapshots/{snapshot.pk}")


class SnapshotItem(_Snapshots, Item):
    """A snapshot, by number."""

    permission = {"GET": "signals.view"}


class DashboardSnapshots(_Snapshots, NestedCollection):
    """List the snapshots of a dashboard. POST takes one."""

    permission = {"GET": "signals.view", "POST": "signals.dashboard_add"}
    bodies = {"POST": NewSnapshot}
    spec = SNAPSHOTS
    parent_reference = ""

    def parents(self, request: Request) -> QuerySet:
        return queries.dashboards(request.user)

    def rows(self, request: Request) -> QuerySet:
        return super().rows(request).filter(dashboard=self.parent(request))

    def post(self, request: Request, key: str) -> Response:
        dashboard = self.parent(request)
        given = read(NewSnapshot, request)
        period = period_in(given)
        snapshot = operations.take_snapshot(
            queries.pictures(cast(User, request.user), dashboard.current_panels, period),
            name=given.get("name") or dashboard.name,
            period=period,
            link=f"/signals/dashboards/{dashboard.pk}/?version={dashboard.number}",
            dashboard=dashboard,
            pinned_to=given.get("pinned_to"),
            by=self.by(request),
            at=clock.now(),
        )
        return self.created(request, snapshot.pk, f"snapshots/{snapshot.pk}")


RESOURCES: list = [
    ("dashboards", Dashboards),
    ("dashboards/<str:key>", DashboardItem),
    ("dashboards/<str:key>/back", DashboardGoBack),
    ("dashboards/<str:key>/retire", RetireDashboard),
    ("dashboards/<str:key>/restore", RestoreDashboard),
    ("dashboards/<str:key>/snapshots", DashboardSnapshots),
    ("snapshots", Snapshots),
    ("snapshots/<str:key>", SnapshotItem),
]
