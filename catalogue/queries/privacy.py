"""What the privacy constraints of a model demand of the objects about it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from catalogue.models import Model
from catalogue.states import PrivacyConstraint
from history.models import Event, Subject
from history.queries import changed_fields, present_data
from people.models import Team

# Of the rows that have a `model`: those whose model demands a restriction.
IS_DEMANDED = Q(
    model__privacy__contains=[PrivacyConstraint.RESTRICTED.value], model__owner_team__isnull=False
)

_OPENED = "_opened_to_all"
_IS_RELEVANT = Q(verb__endswith=_OPENED) | Q(verb__endswith="_changed")


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


def pks_to_restrict(rows: QuerySet[Any]) -> list[int]:
    """Return the ids of those of these rows that must be restricted now, as teams_to_restrict() says.

    rows: of objects with a `model` and a `subject`. It locks nothing, and the number of queries is constant.
    """
    open_rows = rows.filter(IS_DEMANDED, subject__viewers__isnull=True).select_related("subject", "model")
    found = list(open_rows.order_by("pk"))
    shown = Event.objects.filter(verb__endswith=_OPENED, subject__in=_subjects_of(found))
    were_opened = set(shown.values_list("subject_id", flat=True)) if found else set()
    unsure = [row for row in found if were_opened & {row.subject_id, row.subject.scope_id}]
    if not unsure:
        return [row.pk for row in found]
    events = _by_subject(Event.objects.filter(_IS_RELEVANT, subject__in=_subjects_of(unsure)))
    changes = _by_subject(_changes_of([row.model.subject_id for row in unsure]))
    on_purpose = set()
    for row in unsure:
        since = _since(changes[row.model.subject_id])
        own = [event for pk in {row.subject_id, row.subject.scope_id} for event in events[pk]]
        if _is_opened(row.subject_id, sorted(own, key=_moment, reverse=True), since):
            on_purpose.add(row.pk)
    return [row.pk for row in found if row.pk not in on_purpose]


def _subjects_of(rows: Iterable[Any]) -> set[int]:
    return {pk for row in rows for pk in (row.subject_id, row.subject.scope_id)}


def _moment(event: Event) -> tuple[datetime, int]:
    return event.at, event.pk


def _by_subject(events: Iterable[Event]) -> dict[int, list[Event]]:
    found = defaultdict(list)
    for event in events:
        found[event.subject_id].append(event)
    return found


def _was_opened(subject: Subject, model: Model) -> bool:
    since = _since(_changes_of([model.subject_id]).iterator())
    events = Event.objects.filter(_IS_RELEVANT, subject__in=[subject.pk, subject.scope_id])
    return _is_opened(subject.pk, events.order_by("-at", "-pk"), since)


def _is_opened(subject_id: int, events: Iterable[Event], since: Event | None) -> bool:
    """Return True if the object, or its root, was opened on purpose. events: of both, newest first.

    since: None, or the event since which the model has the constraint. Only later ones count.
    """
    for event in events:
        if since is not None and _moment(event) <= _moment(since):
            return False
        if event.verb.endswith(_OPENED):
            return True
        if event.subject_id == subject_id and "model_id" in changed_fields(event):
            return False
    return False


def _changes_of(models: Sequence[int]) -> QuerySet[Event]:
    """Return the changes of models, newest first. models: their subject ids."""
    rows = Event.objects.filter(subject__in=models, verb="catalogue.model_changed")
    return rows.order_by("-at", "-pk")


def _since(changes: Iterable[Event]) -> Event | None:
    """Return the event since which the model has the constraint, None if since its registration.

    A model that loses its owner team and gets another one has the constraint throughout. changes: of the
    model, newest first.
    """
    for event in changes:
        for row in present_data(event)["rows"]:
            was, _now = row["changes"].get("privacy", (None, None))
            if was is not None and PrivacyConstraint.RESTRICTED not in was:
                return event
    return None
