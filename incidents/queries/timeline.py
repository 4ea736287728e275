"""The timeline of an incident: what people wrote, and what Riskhub knows by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.urls import reverse

from catalogue.models import Deployment
from incidents.models import Incident, TimelineEntry
from incidents.queries import incident as incidents
from kit.rights import may
from people.models import User
from signals.models import BreachGroup
from signals.queries import snapshot

# How long before the incident a deployment or a breach is still told.
BEFORE = timedelta(hours=24)
MAX_ROWS = 100  # of each kind


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One row of the timeline.

    kind: entry, moment, update, breach, deployment or snapshot. link: the path of what it is about, ""
    without one. author: who wrote it. entry: the line that a person wrote, None for other kinds.
    """

    at: datetime
    kind: str
    text: str
    link: str = ""
    author: User | None = None
    entry: TimelineEntry | None = None


@dataclass(frozen=True, slots=True)
class ShownTimeline:
    """The rows, the earliest first. is_cut: it has earlier lines that are left out."""

    rows: list[TimelineRow]
    is_cut: bool


def entries(incident: Incident, most: int = MAX_ROWS) -> list[TimelineEntry]:
    """Return the latest lines that people wrote, the earliest first. One query."""
    rows = incident.entries.filter(removed_at__isnull=True).select_related("author__subject")
    return list(rows.order_by("-at", "-id")[:most])[::-1]


def timeline(user: User, incident: Incident, *, until: datetime) -> ShownTimeline:
    """Return the rows that the reader may see. Six queries.

    until: the present moment, for an incident that is not resolved. Breaches and deployments are those of its
    models, from a day before it began to its end.
    """
    lines = entries(incident, MAX_ROWS + 1)
    written = [
        TimelineRow(line.at, "entry", line.text, author=line.author, entry=line) for line in lines[-MAX_ROWS:]
    ]
    found = [*_moments(incident), *written, *_updates(incident), *_snapshots(user, incident)]
    moments = (incident.started_at, incident.noticed_at, incident.declared_at)
    first = min(moment for moment in moments if moment is not None)
    period = (first - BEFORE, incident.resolved_at or until)
    models = [model for model in incidents.models_of(incident) if model.subject.is_visible_to(user)]
    ids = [model.pk for model in models]
    found += [*_breaches(user, incident, ids, period), *_deployments(user, ids, period)]
    return ShownTimeline(sorted(found, key=lambda row: row.at), is_cut=len(lines) > MAX_ROWS)


def _moments(incident: Incident) -> Iterator[TimelineRow]:
    named = {
        "started_at": "The incident started",
        "noticed_at": "The incident was noticed",
        "mitigated_at": "The incident was mitigated",
        "resolved_at": "The incident was resolved",
    }
    for name, text in named.items():
        moment: datetime | None = getattr(incident, name)
        if moment is not None:
            yield TimelineRow(moment, "moment", text)


def _updates(incident: Incident) -> Iterator[TimelineRow]:
    rows = incident.updates.select_related("author__subject").order_by("-id")
    for update in rows[:MAX_ROWS]:
        yield TimelineRow(update.at, "update", update.text, author=update.author)


def _snapshots(user: User, incident: Incident) -> Iterator[TimelineRow]:
    if may(user, "signals.view"):
        for pinned in snapshot.pinned_to(user, incident.subject):
            link = reverse("signals:snapshot_detail", args=[pinned.pk])
            yield TimelineRow(pinned.at, "snapshot", f"Snapshot: {pinned.name}", link, pinned.author)


def _breaches(
    user: User, incident: Incident, models: list[int], period: tuple[datetime, datetime]
) -> Iterator[TimelineRow]:
    own = Q(pk=incident.breach_group_id) | Q(model__in=models, opened_at__range=period)
    rows = BreachGroup.objects.visible_to(user).filter(own, merged_into__isnull=True)
    for group in rows.select_related("subject").order_by("-opened_at", "-id")[:MAX_ROWS]:
        link = reverse("signals:breach_detail", args=[group.reference])
        named = f"{group.reference} {group.title}"
        yield TimelineRow(group.opened_at, "breach", f"Breach opened: {named}", link)
        if group.cleared_at is not None:
            yield TimelineRow(group.cleared_at, "breach", f"Breach cleared: {named}", link)


def _deployments(user: User, models: list[int], period: tuple[datetime, datetime]) -> Iterator[TimelineRow]:
    rows = Deployment.objects.visible_to(user).filter(model__in=models, deployed_at__range=period)
    named = rows.select_related("model", "model_version").order_by("-deployed_at", "-id")
    for deployment in named[:MAX_ROWS]:
        link = reverse("catalogue:deployment_detail", args=[deployment.pk])
        text = f"Deployed: {deployment.subject_title}"
        yield TimelineRow(deployment.deployed_at, "deployment", text, link)
