"""Being asked grants sight of the one object, on record."""

from collections.abc import Iterable
from datetime import datetime

from history import operations as history
from history.models import Subject
from kit.actor import Actor
from people.models import User
from risklog.models import Review


def let_see(
    subjects: Iterable[Subject], people: Iterable[User], *, by: Actor, at: datetime, why: str
) -> None:
    """Let each person see each of the subjects that is restricted and that they may not see yet."""
    restricted = [
        one for one in Subject.objects.filter(pk__in={s.pk for s in subjects}) if one.viewers is not None
    ]
    if not restricted:
        return
    for person in people:
        for subject in restricted:
            if not person.sight.everything and not set(person.sight.ids) & set(subject.viewers or ()):
                history.grant_sight(subject, person.subject_id, by=by, at=at, why=why)


def chain(subject: Subject) -> list[Subject]:
    """A subject and, for a review, what the review is about: what someone must see to understand it."""
    if subject.kind != Review.KIND:
        return [subject]
    return [subject, *Subject.objects.filter(pk__in=Review.objects.filter(subject=subject).values("about"))]
