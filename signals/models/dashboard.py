"""Dashboards, their versions, and snapshots of them and of the charts of series."""

from django.db import models
from django.db.models import Q

from catalogue.models import Model
from history.models import Part, Recorded, RecordedQuerySet, Subject
from people.models import Team, User
from signals.states import SignalKind


class Dashboard(Recorded):
    """An ordered list of panels. model: it is this model's, and who may see the model may see it.

    team, focus: where people look for it, blank for none. The dashboards that Riskhub makes of a model, a
    team or a focus have no row.
    """

    KIND = "dashboard"

    name = models.CharField(max_length=120)
    purpose = models.TextField(blank=True, default="")
    model = models.ForeignKey(Model, models.PROTECT, null=True, blank=True, related_name="+")
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")
    focus = models.CharField(max_length=16, choices=SignalKind.choices, blank=True, default="")
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    is_retired = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["name", "id"], name="signals_dashboard_by_name")]


class DashboardVersionQuerySet(RecordedQuerySet):
    through = "dashboard__subject__"


class DashboardVersion(Part):
    """One version of the panels. panels: as signals.dashboards.checked() returns them."""

    OF = "dashboard"

    dashboard = models.ForeignKey(Dashboard, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    panels = models.JSONField()
    is_current = models.BooleanField(default=True)
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()

    objects = DashboardVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dashboard", "number"], name="signals_dashboard_version_once"),
            models.UniqueConstraint(
                fields=["dashboard"],
                condition=Q(is_current=True),
                name="signals_one_current_dashboard_version",
            ),
        ]


class Snapshot(Recorded):
    """What a dashboard, or the chart of one series, showed at a moment. Nothing changes it.

    No operation does, and the database refuses an UPDATE.

    pictures: as signals.queries.picture makes them, with every value. pinned_to: a meeting or another object.
    start, end: the period that was shown. dashboard: None for one that Riskhub made, and
    for the chart of a series.
    """

    KIND = "dashboard_snapshot"
    HISTORY_OMITS = frozenset({"pictures"})
    HISTORY_LABELS = {
        "start": "Period from",
        "end": "Period to",
    }

    name = models.CharField(max_length=200)
    dashboard = models.ForeignKey(Dashboard, models.PROTECT, null=True, blank=True, related_name="snapshots")
    pinned_to = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="+")
    start = models.DateTimeField()
    end = models.DateTimeField()
    pictures = models.JSONField()
    link = models.CharField(max_length=1000)
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()

    # Set by history.queries.show().
    shown_pinned_to: Subject | None

    class Meta:
        indexes = [
            models.Index(fields=["pinned_to", "-id"], name="signals_snapshot_of_subject"),
            models.Index(fields=["dashboard", "-id"], name="signals_snapshot_of_dashboard"),
        ]
