"""Who watches an object: those who say so, and those whom its kind names, such as its owner."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Subquery

from history.models import Recorded, Subject
from kit import kinds
from people.models import User
from talk.models import Watch


@dataclass(frozen=True, slots=True)
class Watching:
    """What one reader sees of the watchers of an object.

    is_watching: whether the reader is notified. names: the people who watch it by choice, in order.
    """

    is_watching: bool
    names: list[str]


def watcher_ids(subject_id: int) -> set[int]:
    """Return the ids of the active people who watch an object. Three queries."""
    subject = Subject.objects.get(pk=subject_id)
    by_choice = dict(Watch.objects.filter(about=subject).values_list("user_id", "is_muted"))
    automatic = {pk for pk in _automatic_ids(subject) if pk not in by_choice}
    return automatic | {pk for pk, is_muted in by_choice.items() if not is_muted}


def with_choices(rows: Any, user: User, subject_id: int) -> Any:
    """Annotate a queryset with who watches an object, so that the page of the object needs no query for it.

    is_muted: the choice of this reader, None without one. watchers: the names of those who watch it.
    """
    choices = Watch.objects.filter(about=subject_id)
    watchers = choices.filter(is_muted=False, user__is_active=True)
    names = watchers.order_by("user__name__collated", "user__name", "user_id").values("user__name")
    return rows.annotate(
        is_muted=Subquery(choices.filter(user=user).values("is_muted")), watchers=ArraySubquery(names)
    )


def watching(user: User, obj: Recorded, row: Any) -> Watching:
    """Return who watches an object. row: any row of with_choices(). No query."""
    if row.is_muted is not None:
        return Watching(not row.is_muted, row.watchers)
    kind = kinds.find(obj.KIND)
    automatic = [getattr(obj, path) for path in kind.watched_by] if kind else []
    return Watching(user.pk in automatic, row.watchers)


def _automatic_ids(subject: Subject) -> Iterable[int]:
    """Return the ids of the people whom the kind names as watchers (Kind.watched_by)."""
    kind = kinds.find(subject.kind)
    if kind is None or not kind.watched_by:
        return []
    row = kind.row._base_manager.filter(pk=subject.object_id).values_list(*kind.watched_by).first()
    return [pk for pk in row or () if pk]
