"""What the privacy constraints of a model demand of the objects about it."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet

from catalogue.models import Model
from catalogue.states import PrivacyConstraint
from history.models import Event, Subject
from history.queries import changed_fields, later_than, present_data
from people.models import Team

# Of the rows that have a `model`: those whose model demands a restriction.
IS_DEMANDED = Q(
    model__privacy__contains=[PrivacyConstraint.RESTRICTED.value], model__owner_team__isnull=False
)


def demanded_teams(model: Model | None) -> list[Team]:
    """Return the teams that alone see what is about a model by its privacy constraints; [] without one.

    They are the teams that a restricted model is restricted to, else its owner team.
    """
    team = model.team_of_risks if model else None
    if model is None or team is None:
        return []
    if model.subject.viewers is None:
        return [team]
    rows = Team.objects.filter(subject__in=model.subject.viewers).select_related("subject")
    return list(rows.order_by("pk")) or [team]


def demanded_viewers(model: Model | None, parent: Subject | None) -> list[int] | None:
    """Return the subject ids of the teams that a new object must be restricted to; None without a demand.

    parent: whose viewers the object takes over. If that is restricted, it demands nothing more.
    """
    if parent is not None and parent.viewers is not None:
        return None
    return [team.subject_id for team in demanded_teams(model)] or None


def teams_to_restrict(subject: Subject, model: Model | None) -> list[Team]:
    """Return the teams that an existing object about a model must be restricted to now; [] if to none.

    [] also if it is restricted already, and if somebody let everyone see it, or its root, on purpose: since
    the model has the constraint, and since the object is about this model.
    """
    teams = demanded_teams(model)
    if model is None or not teams:
        return []
    rows = Subject.objects.filter(pk=subject.pk, viewers__isnull=True)
    return teams if rows.exists() and not _was_opened(subject, model) else []


def to_restrict(rows: QuerySet[Any]) -> Iterator[tuple[Any, list[Team]]]:
    """Lock those of these rows about models that must be restricted now, and yield each with its teams.

    rows: of objects with a `model` and a `subject`. Those that are restricted already are left out.
    """
    open_rows = rows.filter(IS_DEMANDED, subject__viewers__isnull=True)
    related = open_rows.select_related("subject", "model__subject", "model__owner_team__subject")
    for row in related.select_for_update(of=("self",)).order_by("pk"):
        if teams := teams_to_restrict(row.subject, row.model):
            yield row, teams


def _was_opened(subject: Subject, model: Model) -> bool:
    is_relevant = Q(verb__endswith="_opened_to_all") | Q(verb__endswith="_changed")
    rows = Event.objects.filter(is_relevant, subject__in=[subject.pk, subject.scope_id])
    if since := _constrained_since(model):
        rows = rows.filter(later_than(since))
    for event in rows.order_by("-at", "-pk"):
        if event.verb.endswith("_opened_to_all"):
            return True
        if event.subject_id == subject.pk and "model_id" in changed_fields(event):
            return False
    return False


def _constrained_since(model: Model) -> Event | None:
    """Return the event since which the model has the constraint, None if since its registration.

    A model that loses its owner team and gets another one has the constraint throughout.
    """
    rows = Event.objects.filter(subject=model.subject_id, verb="catalogue.model_changed")
    for event in rows.order_by("-at", "-pk"):
        for row in present_data(event)["rows"]:
            was, _now = row["changes"].get("privacy", (None, None))
            if was is not None and PrivacyConstraint.RESTRICTED not in was:
                return event
    return None
