"""What other pages show of incidents: marks, the digest, what waits for a person, overdue reviews."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, Case, F, OuterRef, Q, QuerySet, Subquery, When
from django.urls import reverse

from history.digest_parts import DigestPart, Said
from incidents.filters.postmortem import overdue
from incidents.models import Incident, InvolvedModel, Postmortem, of_model
from incidents.queries import incident as incidents
from incidents.queries import postmortem as postmortems
from incidents.states import LEVELS, ONGOING, IncidentSeverity, IncidentState, PostmortemState
from kit import clock
from kit.texts import one_line
from lists.specification import Reader
from people.models import User

MAX_MARKS = 40
FEW = 8
_SEVERE = (IncidentSeverity.CRITICAL, IncidentSeverity.HIGH)


def marks(user: User, asked: Any) -> list[dict[str, Any]]:
    """Return the incidents of models in a period, as marks of charts. One query.

    asked: signals.queries.marks.MarkRequest. An incident is marked when it started, else when it was noticed.
    """
    rows = InvolvedModel.objects.filter(
        incident=OuterRef("pk"), model__in=asked.models, removed_at__isnull=True
    )
    shown: Any = (
        incidents.incidents()
        .visible_to(user)
        .filter(of_model(asked.models), started_order__gte=asked.start, started_order__lt=asked.end)
        .exclude(state=IncidentState.WITHDRAWN)
        .annotate(
            marked_model=Case(
                When(model__in=asked.models, then=F("model_id")),
                default=Subquery(rows.values("model")[:1]),
                output_field=BigIntegerField(),
            )
        )
    )
    return [
        {
            "at": incident.started_order.isoformat(),
            "label": f"{incident.reference}: {one_line(incident.title)[:60]}",
            "link": reverse("incidents:incident_detail", args=[incident.reference]),
            "kind": "critical" if incident.severity in _SEVERE else "note",
            "model": incident.marked_model,
            "subject": incident.subject_id,
        }
        for incident in shown.order_by("-started_order", "-id")[:MAX_MARKS]
    ]


def _declared_between(since: datetime, until: datetime) -> QuerySet[Incident]:
    rows = Incident.objects.filter(declared_at__gt=since, declared_at__lte=until)
    return rows.exclude(state=IncidentState.WITHDRAWN)


def _reviewed_between(since: datetime, until: datetime) -> QuerySet[Postmortem]:
    return Postmortem.objects.filter(finished_at__gt=since, finished_at__lte=until)


def _said(moment: datetime, facts: Mapping[str, Any]) -> Said:
    severity, state = IncidentSeverity(facts["severity"]), IncidentState(facts["state"])
    return Said(
        f"Declared on {moment:%a} {moment.day} {moment:%b}, now {state.label.lower()}.",
        level=LEVELS[severity],
        badge=str(severity.label),
    )


IN_DIGEST = DigestPart(
    "incidents",
    "Incidents",
    rows=_declared_between,
    moment="declared_at",
    facts={"severity": "severity", "state": "state"},
    said=_said,
)
REVIEWS_IN_DIGEST = DigestPart(
    "postmortems",
    "Reviewed incidents",
    rows=_reviewed_between,
    moment="finished_at",
    said=lambda moment, facts: Said(f"Reviewed on {moment:%a} {moment.day} {moment:%b}."),
)


# ------------------------------------------------------------------ what waits for a person


@dataclass(frozen=True, slots=True)
class MyIncidents:
    """Ongoing incidents in which a person has a role, and open reviews that they lead or observe."""

    ongoing: Sequence[Incident]
    reviews: Sequence[Postmortem]


def mine(user: User) -> MyIncidents:
    """Return what waits for a person, at most FEW of each. Two queries."""
    role = Q(lead=user.pk) | Q(scribe=user.pk) | Q(communications=user.pk)
    ongoing = incidents.incidents().visible_to(user).filter(role, state__in=ONGOING)
    led = Q(incident__lead=user.pk) | Q(incident__scribe=user.pk) | Q(observers__user=user.pk)
    reviews = postmortems.postmortems().visible_to(user).filter(led, state=PostmortemState.OPEN)
    return MyIncidents(
        list(ongoing.order_by("-id")[:FEW]), list(reviews.distinct().order_by("due_on", "id")[:FEW])
    )


def overdue_reviews(user: User, page: Any) -> list[Postmortem] | None:
    """Return the overdue reviews for the page of register checks, None without one. One query."""
    reader = Reader(user, clock.today())
    rows = postmortems.postmortems().visible_to(user).filter(overdue(reader))
    return list(rows.order_by("due_on", "id")[:FEW]) or None
