"""Being asked grants sight of the one object, on record."""

from collections.abc import Iterable
from datetime import datetime

from actions.models import Action
from actions.operations import action
from history import operations as history
from history.models import Event, Subject
from kit.actor import Actor
from people.models import User
from risklog.models import Climb, Escalation, Review, Reviewer
from risklog.queries import story


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


def follow(subject: Subject, viewers: list[int] | None) -> list[int] | None:
    """Let the reviews and escalations that hang on a subject be seen by those who see it, now that this
    changed; what is about an action also by its owner.

    Whoever was asked, was called or has it in hand keeps their sight of all of it. Returns the viewers the
    subject itself is to have; to be called by the operation that restricts it, which writes the event, and
    after which the actions follow (follow_actions).
    """
    ids = [one.pk for one in story.hanging(subject) if one.pk != subject.pk]
    reviews, escalations = Review.objects.filter(subject__in=ids), Escalation.objects.filter(subject__in=ids)
    if viewers is not None:
        asked = set(Reviewer.objects.filter(review__in=reviews).values_list("user_id", flat=True))
        for told in Climb.objects.filter(escalation__in=escalations).values_list("told", flat=True):
            asked.update(told)
        asked.update(escalations.values_list("acknowledged_by_id", flat=True))
        called = User.objects.active().filter(pk__in=asked).values_list("subject_id", flat=True)
        viewers = sorted({*viewers, *called})
    Subject.objects.filter(pk__in=ids, kind__in=[Review.KIND, Escalation.KIND]).update(viewers=viewers)
    if viewers is not None:
        _let_owners_see(ids, viewers)
    return viewers


def _let_owners_see(ids: list[int], viewers: list[int]) -> None:
    """What escalates somebody's action is seen by them, as the action is."""
    owned = Action.objects.filter(subject__in=ids, owner__isnull=False).exclude(owner__subject__in=viewers)
    for action_id, owner_id in owned.values_list("subject_id", "owner__subject_id"):
        about = Escalation.objects.filter(about=action_id).values("subject")
        Subject.objects.filter(pk__in=about).update(viewers=sorted({*viewers, owner_id}))


def follow_actions(subject: Subject, *, by: Actor, at: datetime, cause: Event | None = None) -> None:
    """Let the actions that hang on a subject follow, the nearest first, once the subject has changed."""
    for about in story.hanging(subject):
        action.follow_sight(about, by=by, at=at, cause=cause)
