"""Write dashboards: add, change, go back to an earlier version, retire, restore.

Take snapshots of dashboards and of the charts of series.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from catalogue.models import Model
from history import operations as history
from history.models import Subject
from history.operations import Placement
from kit.actor import Actor
from kit.refusals import Refused
from kit.sight import EVERYONE
from kit.texts import one_line
from people.models import Team
from signals import events
from signals.dashboards import ChartPeriod, checked, ids_in
from signals.models import Dashboard, DashboardVersion, Series, Snapshot
from signals.queries.picture import Picture
from signals.states import SignalKind

# The kind of meetings, which stand above this room.
_SEEN_BY_EVERYONE = ("meeting",)
CHANGEABLE = ("name", "purpose", "team", "focus", "panels")


@transaction.atomic
def add(
    *,
    name: str,
    panels: Sequence[Mapping[str, Any]],
    by: Actor,
    at: datetime,
    purpose: str = "",
    model: Model | None = None,
    team: Team | None = None,
    focus: str = "",
) -> Dashboard:
    """Add a dashboard with its first version. panels: as signals.dashboards.checked() takes them.

    model: who may see it may see the dashboard, and nobody else. Raises Refused with the name of the field.
    """
    dashboard = Dashboard(
        name=_name(name),
        purpose=purpose.strip(),
        model=model,
        team=team,
        focus=_focus(focus),
        author=by.person,
    )
    version = DashboardVersion(
        dashboard=dashboard, number=1, panels=_panels(panels, by), author=by.person, at=at
    )
    history.record(
        dashboard,
        "signals.dashboard_added",
        by=by,
        at=at,
        rows=[version],
        placed=Placement(parent=model.subject_id if model else None),
    )
    return dashboard


@transaction.atomic
def change(
    dashboard: Dashboard, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Dashboard:
    """Change fields of CHANGEABLE. Other panels make a new version. Raises Refused, ChangedMeanwhile."""
    for name in values:
        if name not in CHANGEABLE:
            raise Refused("This cannot be changed.", field=name)
    own = {name: value for name, value in values.items() if name != "panels"}
    if "name" in own:
        own["name"] = _name(own["name"])
    if "focus" in own:
        own["focus"] = _focus(own["focus"])
    current = dashboard.versions.select_for_update().get(is_current=True)
    rows: list[Any] = []
    if "panels" in values and (panels := checked(values["panels"])) != current.panels:
        _must_be_seen(panels, by, known=current.panels)
        number = _last_number(dashboard) + 1
        version = DashboardVersion(dashboard=dashboard, number=number, panels=panels, author=by.person, at=at)
        rows = [(current, {"is_current": False}), version]
    payload = events.DashboardChanged(number=rows[-1].number) if rows else None
    history.change(
        dashboard, own, by=by, at=at, seen=seen, payload=payload, rows=rows, raises_version=bool(rows)
    )
    if "name" in own:
        history.retitle(dashboard)
    return dashboard


@transaction.atomic
def go_back(
    dashboard: Dashboard, number: int, *, by: Actor, at: datetime, seen: int | None = None
) -> Dashboard:
    """Show the panels of an earlier version again, as a new version. Raises Refused, ChangedMeanwhile."""
    earlier = dashboard.versions.filter(number=number).first()
    if earlier is None:
        raise Refused(f"There is no version {number}.", field="number")
    return change(dashboard, {"panels": earlier.panels}, by=by, at=at, seen=seen)


@transaction.atomic
def retire(dashboard: Dashboard, *, by: Actor, at: datetime, seen: int | None = None) -> Dashboard:
    """List a dashboard no more. Its snapshots stay."""
    values = {"is_retired": True}
    history.change(dashboard, values, by=by, at=at, seen=seen, verb="signals.dashboard_retired")
    history.retire(dashboard)
    return dashboard


@transaction.atomic
def restore(dashboard: Dashboard, *, by: Actor, at: datetime, seen: int | None = None) -> Dashboard:
    """List a retired dashboard again."""
    values = {"is_retired": False}
    history.change(dashboard, values, by=by, at=at, seen=seen, verb="signals.dashboard_restored")
    history.retire(dashboard, is_retired=False)
    return dashboard


@transaction.atomic
def take_snapshot(
    pictures: Sequence[Picture],
    *,
    name: str,
    period: ChartPeriod,
    link: str,
    by: Actor,
    at: datetime,
    dashboard: Dashboard | None = None,
    model: Model | None = None,
    series: Series | None = None,
    pinned_to: Subject | None = None,
) -> Snapshot:
    """Keep what a dashboard or the chart of one series shows now. Nothing changes a snapshot afterwards.

    pictures: as the person sees them; each part of them is shown only to readers who may see its series.
    dashboard, model, series: which one is shown, all None for the dashboard of a team or a focus.
    link: the path that shows the same period live. pinned_to: a subject that the person may see.
    """
    kept = dashboard or series or model
    shown = kept.subject if kept else None
    snapshot = Snapshot(
        name=one_line(name).strip()[:200],
        dashboard=dashboard,
        pinned_to=pinned_to,
        start=period.start,
        end=period.end,
        pictures=list(pictures),
        link=link[:1000],
        author=by.person,
        at=at,
    )
    history.record(snapshot, "signals.snapshot_taken", by=by, at=at, placed=_place(shown, pinned_to))
    return snapshot


def _place(shown: Subject | None, pinned_to: Subject | None) -> Placement:
    """Return what a snapshot is restricted with: what it is pinned to, else the dashboard or model.

    A restricted dashboard, series or model comes first. So does one that is pinned to a meeting, because
    everyone sees meetings, and the snapshot has to be hidden when its model is restricted.
    """
    is_pinned = pinned_to is not None and pinned_to.kind not in _SEEN_BY_EVERYONE
    parent = pinned_to if is_pinned and (shown is None or shown.viewers is None) else shown
    return Placement(parent=parent)


def _panels(given: Sequence[Mapping[str, Any]], by: Actor) -> list[dict[str, Any]]:
    panels = checked(given)
    _must_be_seen(panels, by)
    return panels


def _must_be_seen(
    panels: Sequence[Mapping[str, Any]], by: Actor, *, known: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Refuse series and models that the author may not see, unless the present panels have them already."""
    reader = by.person or EVERYONE
    for rows, name in ((Series.objects, "series"), (Model.objects, "models")):
        ids = set(ids_in(panels, name)) - set(ids_in(known, name))
        seen = set(rows.visible_to(reader).filter(pk__in=ids).values_list("pk", flat=True))
        if unknown := sorted(ids - seen):
            noun = "series" if name == "series" else "model"
            raise Refused(f"There is no {noun} with the number {unknown[0]}.", field="panels")


def _last_number(dashboard: Dashboard) -> int:
    last = dashboard.versions.order_by("-number").values_list("number", flat=True).first()
    return last or 0


def _name(text: str) -> str:
    name = " ".join(one_line(text).split())
    if not 1 <= len(name) <= 120:
        raise Refused("Enter a name of up to 120 characters.", field="name")
    return name


def _focus(text: str) -> str:
    if text and text not in SignalKind.values:
        raise Refused(f"Use one of {', '.join(SignalKind.values)}, or leave it blank.", field="focus")
    return text
