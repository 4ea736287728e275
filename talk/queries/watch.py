"""Who watches an object: those who say so, and those whom its kind names, such as its owner."""

from collections.abc import Iterable
from dataclasses import dataclass

from history.models import Recorded, Subject
from kit import kinds
from people.models import User
from talk.models import Watch


@dataclass(frozen=True, slots=True)
class Watching:
    """What one reader sees of the watchers of an object.

    is_watching: whether the reader hears of it. names: the people who watch it, in order of their names.
    """

    is_watching: bool
    names: list[str]


def watcher_ids(subject_id: int) -> set[int]:
    """Return the ids of the active people who watch an object. Three queries."""
    subject = Subject.objects.get(pk=subject_id)
    by_choice = dict(Watch.objects.filter(about=subject).values_list("user_id", "is_muted"))
    automatic = {pk for pk in _automatic_ids(subject) if pk not in by_choice}
    return automatic | {pk for pk, is_muted in by_choice.items() if not is_muted}


def watching(user: User, obj: Recorded) -> Watching:
    """Return who watches an object by choice, and whether this reader hears of it. One query."""
    rows = Watch.objects.filter(about=obj.subject_id, user__is_active=True).select_related("user")
    choices = {
        watch.user_id: watch for watch in rows.order_by("user__name__collated", "user__name", "user_id")
    }
    names = [watch.user.name for watch in choices.values() if not watch.is_muted]
    if user.pk in choices:
        return Watching(not choices[user.pk].is_muted, names)
    kind = kinds.find(obj.KIND)
    automatic = [getattr(obj, path) for path in kind.watched_by] if kind else []
    return Watching(user.pk in automatic, names)


def _automatic_ids(subject: Subject) -> Iterable[int]:
    """Return the ids of the people whom the kind names as watchers (Kind.watched_by)."""
    kind = kinds.find(subject.kind)
    if kind is None or not kind.watched_by:
        return []
    row = kind.row._base_manager.filter(pk=subject.object_id).values_list(*kind.watched_by).first()
    return [pk for pk in row or () if pk]
