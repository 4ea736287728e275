"""Operations on the watching of objects: a personal setting, without events."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from history.models import Subject
from kit.actor import Actor
from people.models import User
from talk.models import Watch


@transaction.atomic
def start(about: Subject, *, by: Actor, at: datetime) -> Watch:
    """Notify a person of what happens to an object."""
    return _choose(about, by.person, is_muted=False, at=at)


@transaction.atomic
def stop(about: Subject, *, by: Actor, at: datetime) -> Watch:
    """Notify a person no more, also as the owner or as a commenter. Mentions are still sent."""
    return _choose(about, by.person, is_muted=True, at=at)


def start_unless_chosen(about: Subject, *, user: User, at: datetime) -> None:
    """Let a commenter watch the object, unless they chose something before. A service account never does."""
    if user.is_service:
        return
    Watch.objects.bulk_create([Watch(about=about, user=user, since=at)], ignore_conflicts=True)


def start_for(about: Subject, users: Iterable[User], *, at: datetime) -> None:
    """Let people watch an object, except those who chose something before. One statement."""
    Watch.objects.bulk_create(
        [Watch(about=about, user=user, since=at) for user in users], ignore_conflicts=True
    )


def _choose(about: Subject, user: User, *, is_muted: bool, at: datetime) -> Watch:
    return Watch.objects.bulk_create(
        [Watch(about=about, user=user, is_muted=is_muted, since=at)],
        update_conflicts=True,
        unique_fields=["about", "user"],
        update_fields=["is_muted", "since"],
    )[0]
