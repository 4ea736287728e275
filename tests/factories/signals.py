"""Series with points, thresholds in force and breaches, created by operations."""

from datetime import datetime, timedelta

from catalogue.models import Model
from history.models import Subject
from kit.actor import SYSTEM, Actor
from people.models import User
from signals.dashboards import ChartPeriod
from signals.mapping import alertmanager as mapping_of_alerts
from signals.mapping import points as mapping_of_points
from signals.models import BreachGroup, Dashboard, Series, Snapshot, Source, ThresholdVersion
from signals.operations import alert, points, threshold
from signals.operations import dashboard as dashboards
from signals.operations import source as sources
from signals.queries.dashboard import pictures
from signals.states import Adapter
from tests.conftest import AT


def source(slug: str = "evidently", *, adapter: str = Adapter.POINTS, at: datetime = AT) -> Source:
    return sources.named(slug, adapter=adapter, by=SYSTEM, at=at)


def store(body: dict, *, at: datetime = AT, by=SYSTEM) -> points.Stored:
    """Store a body of points and compare them with their thresholds."""
    reading = mapping_of_points.read(body, at=at)
    return points.store(reading, source=source(), by=by, at=at)


def series(
    model: Model | str = "fraud-score", metric: str = "psi", *, feature: str = "age", values=(0.1,)
) -> Series:
    """Create a series with `values`, one per hour, the last one at AT."""
    name = model if isinstance(model, str) else model.slug
    start = AT - timedelta(hours=max(len(values) - 1, 0))
    pairs = [[(start + timedelta(hours=n)).isoformat(), value] for n, value in enumerate(values)]
    store({"series": [{"model": name, "metric": metric, "feature": feature, "points": pairs}]})
    return Series.objects.select_related("subject").get(model_name=name, metric=metric, feature=feature)


def push(
    on: Series, *values: float, start: datetime = AT + timedelta(hours=1), step=timedelta(hours=1)
) -> points.Stored:
    """Add values to a series, one per hour from `start`."""
    moments = [start + step * n for n in range(len(values))]
    pairs = [[moment.isoformat(), value] for moment, value in zip(moments, values, strict=True)]
    body = {
        "model": on.model_name,
        "metric": on.metric,
        "feature": on.feature,
        "slice": on.slice,
        "points": pairs,
    }
    return store({"series": [body]}, at=max(moments))


def agreed(on: Series, *, warning: float | None = 0.2, by=SYSTEM, **limits) -> ThresholdVersion:
    """A threshold in force on a series."""
    version = threshold.propose(on, warning=warning, reason="As agreed.", by=by, at=AT, **limits)
    return threshold.agree(version, by=by, at=AT)


def dashboard(name: str, *on: Series, by: User | None = None, **fields) -> Dashboard:
    """A dashboard with one chart of each series; of the model of the first one."""
    panels = [{"kind": "series", "series": [one.pk]} for one in on]
    actor = Actor(by, "page") if by else SYSTEM
    model = on[0].model if on else None
    return dashboards.add(name=name, panels=panels, model=model, by=actor, at=AT, **fields)


def snapshot(of: Dashboard, name: str, *, by: User, pinned_to: Subject | None = None) -> Snapshot:
    """A snapshot of the week before AT."""
    panels = of.versions.get(is_current=True).panels
    period = ChartPeriod(AT - timedelta(days=7), AT + timedelta(hours=1))
    return dashboards.take_snapshot(
        pictures(by, panels, period),
        name=name,
        period=period,
        link=f"/signals/dashboards/{of.pk}/",
        dashboard=of,
        pinned_to=pinned_to,
        by=Actor(by, "page"),
        at=AT,
    )


def breach_group(model: Model | str = "fraud-score", *, value: float = 0.5, **limits) -> BreachGroup:
    """Create an open group with one breach, by a point that crosses."""
    found = series(model)
    agreed(found, **limits)
    push(found, value)
    return BreachGroup.objects.select_related("subject").latest("id")


def alerts(*told: dict, slug: str = "alertmanager", at: datetime = AT, by=SYSTEM) -> alert.AlertResults:
    """Receive a webhook body of Alertmanager."""
    of = source(slug, adapter=Adapter.ALERTMANAGER)
    heard = mapping_of_alerts.read({"version": "4", "alerts": list(told)}, of.mapping, at=at)
    return alert.take(heard, source=of, by=by, at=at)


def sent_alert(
    feature: str = "age",
    *,
    rule: str = "FeatureDriftHigh",
    model: str = "fraud-score",
    status: str = "firing",
    starts: datetime | None = AT,
    ends: datetime | None = None,
    value: str = "0.31",
    **labels: str,
) -> dict:
    """Return one alert as Alertmanager writes it. The fingerprint depends on rule, model and feature."""
    zero = "0001-01-01T00:00:00Z"
    return {
        "status": status,
        "labels": {"alertname": rule, "model": model, "feature": feature, "severity": "warning", **labels},
        "annotations": {"summary": f"{rule} of {feature}", "value": value, "threshold": "0.25"},
        "startsAt": starts.isoformat() if starts else zero,
        "endsAt": ends.isoformat() if ends else zero,
        "generatorURL": "http://prometheus.example.org/graph",
        "fingerprint": f"{rule}-{model}-{feature}",
    }


def alerts_at_night(model="fraud-score", *, days=12, hour=3, **labels):
    """An alert of another feature each night, cleared after ten minutes."""
    midnight = AT.replace(hour=0, minute=0)  # UTC, the organisation's time is an hour later
    for back in range(days, 0, -1):
        starts = midnight - timedelta(days=back) + timedelta(hours=hour)
        told = sent_alert(
            f"f{back % 4}",
            model=model,
            status="resolved",
            starts=starts,
            ends=starts + timedelta(minutes=10),
            **labels,
        )
        alerts(told, at=starts + timedelta(minutes=11))
