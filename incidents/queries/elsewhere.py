"""What other pages show of incidents: marks, the digest, what waits for a person, overdue reviews."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    When,
)

from history.digest_parts import DigestPart, Said
from history.models import RecordedQuerySet
from incidents.filters import STARTED_ORDER
from incidents.filters.postmortem import overdue
from incidents.models import Incident, InvolvedModel, Observer, Postmortem, of_model
from incidents.models.postmortem import WAITS
from incidents.queries import incident as incidents
from incidents.queries import postmortem as postmortems
from incidents.states import LEVELS, ONGOING, IncidentSeverity, IncidentState, PostmortemState
from kit import clock
from lists.specification import Reader
from people.models import User
from signals.queries.marks import MarkReader

FEW = 8
_SEVERE = (IncidentSeverity.CRITICAL, IncidentSeverity.HIGH)


def _of_models(models: Collection[int]) -> RecordedQuerySet[Any]:
    """Return the incidents of models. Each is marked on one of them: its main one, if that is asked for."""
    involved = InvolvedModel.objects.filter(
        incident=OuterRef("pk"), model__in=models, removed_at__isnull=True
    )
    marked = Case(
        When(model__in=models, then=F("model_id")),
        default=Subquery(involved.values("model")[:1]),
        output_field=BigIntegerField(),
    )
    rows = Incident.objects.filter(of_model(models)).exclude(state=IncidentState.WITHDRAWN)
    return rows.annotate(marked_model=marked)


# An incident is marked when it started, else when it was declared.
ON_CHARTS = MarkReader(
    "incidents.incident_view",
    page="incidents:incident_detail",
    rows=_of_models,
    moment=STARTED_ORDER,
    text="title",
    facts={"severity": "severity"},
    is_critical=lambda facts: facts["severity"] in _SEVERE,
)


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
    """Return what waits for a person, at most FEW of each. Reviews that wait come last. Two queries."""
    role = Q(lead=user.pk) | Q(scribe=user.pk) | Q(communications=user.pk)
    ongoing = incidents.incidents().visible_to(user).filter(role, state__in=ONGOING)
    observed = Observer.objects.active().filter(user=user.pk).values("postmortem")
    led = Q(incident__lead=user.pk) | Q(incident__scribe=user.pk) | Q(pk__in=observed)
    reviews = postmortems.postmortems().visible_to(user).filter(led, state=PostmortemState.OPEN)
    is_last = ExpressionWrapper(WAITS, output_field=BooleanField())
    ordered = reviews.annotate(is_last=is_last).order_by("is_last", "due_on", "id")
    return MyIncidents(list(ongoing.order_by("-id")[:FEW]), list(ordered[:FEW]))


def overdue_reviews(user: User, page: Any) -> list[Postmortem] | None:
    """Return the overdue reviews for the page of register checks, None without one. One query."""
    reader = Reader(user, clock.today())
    rows = postmortems.postmortems().visible_to(user).filter(overdue(reader))
    return list(rows.order_by("due_on", "id")[:FEW]) or None
