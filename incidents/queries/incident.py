"""Queries of incidents: the rows of lists, and what a reader may see of their links."""

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, ExpressionWrapper, F, OuterRef

from catalogue.models import Model
from history.models import RecordedQuerySet, Subject
from history.queries import show
from incidents.filters import RESOLVED_ORDER, STARTED_ORDER
from incidents.models import Incident, InvolvedModel, Observer
from incidents.states import ONGOING
from kit.sight import Visitor
from lists.collation import BY_NAME
from people.models import Team


def incidents() -> RecordedQuerySet[Incident]:
    """Return all incidents with what a row needs. Callers add `.visible_to(user)`."""
    return with_rows(Incident.objects.all())


def with_rows(rows: Any) -> RecordedQuerySet[Incident]:
    """Return these incidents with what a row of the list, a page and a permission need."""
    joined = rows.select_related(
        "subject",
        "model__subject",
        "model__owner_team",
        "model_version",
        "team",
        "source",
        "breach_group__subject",
        "lead__subject",
        "scribe__subject",
        "communications__subject",
        "declared_by__subject",
    )
    return joined.annotate(started_order=STARTED_ORDER, resolved_order=RESOLVED_ORDER)


def for_page(user: Visitor) -> RecordedQuerySet[Incident]:
    """Return the incidents that the user may see, with what their page needs: also the review.

    `team_names`: of the teams that a restricted incident is visible to. `observer_names`: of its review.
    """
    viewers = ExpressionWrapper(OuterRef("subject__viewers"), ArrayField(BigIntegerField()))
    teams = Team.objects.alias(viewers=viewers).filter(viewers__contains=[F("subject_id")])
    names = ArraySubquery(teams.order_by(*BY_NAME).values("name"))
    observers = Observer.objects.active().filter(postmortem__incident=OuterRef("pk")).order_by("id")
    rows: Any = incidents().visible_to(user).select_related("postmortem__subject")
    return rows.annotate(team_names=names, observer_names=ArraySubquery(observers.values("user__name")))


def show_links(user: Visitor, rows: Sequence[Incident]) -> Sequence[Incident]:
    """Set shown_source and shown_model of each row: None where the reader may not see it."""
    for row in show(user, rows, "source"):
        is_shown = row.model is not None and row.model.subject.is_visible_to(user)
        row.shown_model = row.model if is_shown else None
    return rows


def ongoing_of_breach(group_id: int) -> Incident | None:
    """Return the ongoing incident of a breach group that others join, None without one."""
    rows = Incident.objects.select_related("subject").filter(state__in=ONGOING, takes_reports=True)
    return rows.filter(breach_group_id=group_id).first()


def shown_breach(user: Visitor, incident: Incident) -> Subject | None:
    """Return the subject of the breach that it was declared from, None if the reader may not see it.

    No query for an incident that is loaded with its breach.
    """
    group = incident.breach_group
    return group.subject if group and group.subject.is_visible_to(user) else None


def involved(incident: Incident) -> list[InvolvedModel]:
    """Return the further models of an incident, with their versions. One query."""
    rows = incident.involved.filter(removed_at__isnull=True).order_by("id")
    return list(rows.select_related("model__subject", "model_version"))


def shown_involved(user: Visitor, incident: Incident) -> list[InvolvedModel]:
    """Return the further models of an incident that the reader may see. One query."""
    return [row for row in involved(incident) if row.model.subject.is_visible_to(user)]


def models_of(incident: Incident, further: Sequence[InvolvedModel] | None = None) -> list[Model]:
    """Return the models that an incident is about, the main one first.

    further: the involved models if they are loaded. One query without them.
    """
    main = [incident.model] if incident.model else []
    return main + [row.model for row in (involved(incident) if further is None else further)]
