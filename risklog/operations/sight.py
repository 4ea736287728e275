"""Being asked grants sight of the one object, on record."""

from collections.abc import Iterable
from datetime import datetime

from history import operations as history
from history.models import Subject
from kit.actor import Actor
from people.models import User
from risklog.models import Climb, Escalation, Review, Reviewer


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
            if not person.sight.sees(subject.viewers):
                history.grant_sight(subject, person.subject_id, by=by, at=at, why=why)


def chain(subject: Subject) -> list[Subject]:
    """A subject and, for a review, what the review is about: what someone must see to understand it."""
    if subject.kind != Review.KIND:
        return [subject]
    return [subject, *Subject.objects.filter(pk__in=Review.objects.filter(subject=subject).values("about"))]


def with_reviews(subject: Subject) -> list[Subject]:
    """A subject and the reviews about it: what its actions are about."""
    reviews = Review.objects.filter(about=subject).values("subject")
    return [subject, *Subject.objects.filter(pk__in=reviews).order_by("pk")]


def follow(subject: Subject, viewers: list[int] | None) -> list[int] | None:
    """Let the reviews and escalations of a subject be seen by those who see it, now that this changed.

    Whoever was asked or called keeps their sight of all of it. Returns the viewers the subject itself is to
    have; to be called by the operation that restricts it, which writes the event.
    """
    reviews = Review.objects.filter(about=subject)
    escalations = Escalation.objects.filter(about=subject) | Escalation.objects.filter(
        about__in=reviews.values("subject")
    )
    hanging = {
        *reviews.values_list("subject_id", flat=True),
        *escalations.values_list("subject_id", flat=True),
    }
    if viewers is not None:
        asked = set(Reviewer.objects.filter(review__in=reviews).values_list("user_id", flat=True))
        for told in Climb.objects.filter(escalation__in=escalations).values_list("told", flat=True):
            asked.update(told)
        called = User.objects.active().filter(pk__in=asked).values_list("subject_id", flat=True)
        viewers = sorted({*viewers, *called})
    Subject.objects.filter(pk__in=hanging).update(viewers=viewers)
    return viewers
