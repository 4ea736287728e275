"""The timeline of an incident: what people wrote, and what Riskhub knows by itself."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, F, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast
from django.urls import reverse

from catalogue.models import Deployment
from history.declarations import upcast
from history.models import Event
from incidents.models import Incident, InvolvedModel, TimelineEntry
from incidents.moments import LABELS
from incidents.queries import incident as incidents
from kit.rights import may
from people.models import User
from signals.models import BreachGroup
from signals.queries import snapshot

# How long before the incident a deployment or a breach is still told.
BEFORE = timedelta(hours=24)
MAX_ROWS = 100  # of each kind
# What people wrote, in the order of what has the same moment.
_WRITTEN = ("entry", "update", "snapshot", "reopening")
_MOMENTS = {name: f"The incident {words}" for name, words in LABELS.items()}
_REOPENED = "incidents.incident_reopened"
_REACHED = {"mitigated_at", "resolved_at"}  # what a reopening clears


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """The id and the version of a line that a person wrote, for the forms that change it."""

    pk: int
    version: int


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One row of the timeline.

    kind: entry, moment, update, breach, deployment or snapshot. link: the path of what it is about, ""
    without one. author_id, author_name: of who wrote it. entry: the line that a person wrote, None for other
    kinds.
    """

    at: datetime
    kind: str
    text: str
    link: str = ""
    author_id: int | None = None
    author_name: str | None = None
    entry: WrittenLine | None = None


@dataclass(frozen=True, slots=True)
class ShownTimeline:
    """The rows, the earliest first. is_cut: it has earlier rows that are left out."""

    rows: list[TimelineRow]
    is_cut: bool


def entries(incident: Incident, most: int = MAX_ROWS) -> list[TimelineEntry]:
    """Return the latest lines that people wrote, the earliest first. One query."""
    return list(_entries(incident)[:most])[::-1]


def _entries(incident: Incident) -> QuerySet[TimelineEntry]:
    return incident.entries.filter(removed_at__isnull=True).order_by("-at", "-id")


def timeline(
    user: User, incident: Incident, *, until: datetime, further: Sequence[InvolvedModel] | None = None
) -> ShownTimeline:
    """Return the rows that the reader may see. Four queries, three if the involved models are loaded.

    until: the present moment, for an incident that is not resolved. further: its involved models. Breaches
    and deployments are those of its models, from a day before it began to its end.
    """
    moments = (incident.started_at, incident.noticed_at, incident.declared_at)
    first = min(moment for moment in moments if moment is not None)
    period = (_day_before(first), incident.resolved_at or until)
    models = [model for model in incidents.models_of(incident, further) if model.subject.is_visible_to(user)]
    ids = [model.pk for model in models]
    parts = (
        _written(user, incident),
        _breaches(user, incident, ids, period),
        _deployments(user, ids, period),
    )
    found = [*_moments(incident), *(row for part in parts for row in part.rows)]
    is_cut = any(part.is_cut for part in parts)
    return ShownTimeline(sorted(found, key=lambda row: row.at), is_cut)


def _day_before(moment: datetime) -> datetime:
    """Return the moment a day before, or the moment itself where no date is earlier."""
    try:
        return moment - BEFORE
    except OverflowError:
        return moment


def _moments(incident: Incident) -> Iterator[TimelineRow]:
    for name, text in _MOMENTS.items():
        moment: datetime | None = getattr(incident, name)
        if moment is not None:
            yield TimelineRow(moment, "moment", text)


def _written(user: User, incident: Incident) -> ShownTimeline:
    """Return the lines, updates and snapshots that people added, and the reopenings. One query."""
    lines = _columns("entry", _entries(incident))
    others = [_columns("update", incident.updates.order_by("-id")), _reopenings(incident)]
    if may(user, "signals.view"):
        pinned = snapshot.snapshots(user).filter(pinned_to=incident.subject_id)
        others.append(_columns("snapshot", pinned, text="name"))
    rows: list[dict[str, Any]] = sorted(
        lines.union(*others, all=True), key=lambda row: (row["kind"], row["moment"], row["pk"])
    )
    found: list[TimelineRow] = []
    is_cut = False
    for kind in _WRITTEN:
        of_kind = [row for row in rows if row["kind"] == kind]
        is_cut = is_cut or len(of_kind) > MAX_ROWS
        found += [line for row in of_kind[-MAX_ROWS:] for line in _lines_of(row)]
    return ShownTimeline(found, is_cut)


def _reopenings(incident: Incident) -> Any:
    """Return the events of its reopenings, in the columns of _columns(). They name nobody."""
    reopened = Event.objects.filter(subject=incident.subject_id, verb=_REOPENED).order_by("-at", "-id")
    return reopened.values(
        "pk",
        "schema_version",
        author_id=Value(None, BigIntegerField()),
        moment=F("at"),
        kind=Value("reopening"),
        words=Cast("data", TextField()),
        author_name=Value(None, TextField()),
    )[: MAX_ROWS + 1]


def _columns(kind: str, rows: QuerySet[Any], text: str = "text") -> Any:
    """Return what a row needs of the latest of these, in the same columns for every kind."""
    return rows.values(
        "pk",
        "version",
        "author_id",
        moment=F("at"),
        kind=Value(kind),
        words=Cast(text, TextField()),
        author_name=F("author__name"),
    )[: MAX_ROWS + 1]


def _lines_of(row: dict[str, Any]) -> Iterator[TimelineRow]:
    """Yield one line; for a reopening also a line for each moment that the incident had reached before it."""
    if row["kind"] != "reopening":
        yield _row_of(row)
        return
    data = upcast(_REOPENED, row["version"], json.loads(row["words"]))
    for one in data.get("rows", ()):
        for name, (former, _) in one["changes"].items():
            if former and name in _REACHED:
                yield TimelineRow(datetime.fromisoformat(former), "moment", _MOMENTS[name])
    yield TimelineRow(row["moment"], "moment", f"The incident was reopened: {data['reason']}")


def _row_of(row: dict[str, Any]) -> TimelineRow:
    kind, text, link, entry = row["kind"], row["words"], "", None
    if kind == "entry":
        entry = WrittenLine(row["pk"], row["version"])
    if kind == "snapshot":
        text, link = f"Snapshot: {text}", reverse("signals:snapshot_detail", args=[row["pk"]])
    return TimelineRow(row["moment"], kind, text, link, row["author_id"], row["author_name"], entry)


def _breaches(
    user: User, incident: Incident, models: list[int], period: tuple[datetime, datetime]
) -> ShownTimeline:
    own = Q(pk=incident.breach_group_id) | Q(model__in=models, opened_at__range=period)
    rows = BreachGroup.objects.visible_to(user).filter(own, merged_into__isnull=True)
    groups = list(rows.select_related("subject").order_by("-opened_at", "-id")[: MAX_ROWS + 1])
    found = []
    for group in groups[:MAX_ROWS]:
        link = reverse("signals:breach_detail", args=[group.reference])
        named = f"{group.reference} {group.title}"
        found.append(TimelineRow(group.opened_at, "breach", f"Breach opened: {named}", link))
        if group.cleared_at is not None:
            found.append(TimelineRow(group.cleared_at, "breach", f"Breach cleared: {named}", link))
    return ShownTimeline(found, is_cut=len(groups) > MAX_ROWS)


def _deployments(user: User, models: list[int], period: tuple[datetime, datetime]) -> ShownTimeline:
    rows = Deployment.objects.visible_to(user).filter(model__in=models, deployed_at__range=period)
    named = rows.select_related("model", "model_version").order_by("-deployed_at", "-id")
    deployments = list(named[: MAX_ROWS + 1])
    found = [
        TimelineRow(
            deployment.deployed_at,
            "deployment",
            f"Deployed: {deployment.subject_title}",
            reverse("catalogue:deployment_detail", args=[deployment.pk]),
        )
        for deployment in deployments[:MAX_ROWS]
    ]
    return ShownTimeline(found, is_cut=len(deployments) > MAX_ROWS)
