"""What in this room came of a subject: its part of the subject's story."""

from typing import Any

from actions.models import Action
from history.models import Subject
from risklog.models import Escalation, Review, Risk


def reviews(subject_id: Any) -> Any:
    return Review.objects.order_by().filter(about_id=subject_id).values_list("subject_id")


def escalations(subject_id: Any) -> Any:
    return Escalation.objects.order_by().filter(about_id=subject_id).values_list("subject_id")


def risks(subject_id: Any) -> Any:
    """The risks made of a breach group."""
    rows = Risk.objects.order_by().filter(breach_group__subject_id=subject_id)
    return rows.values_list("subject_id")


def hanging(subject: Subject) -> list[Subject]:
    """A subject and all that hangs on it, the nearest first: the reviews, escalations and actions about it,
    about those, and so on. What they say is what it says, so they are seen by whoever sees it.
    """
    found: list[int] = []
    fresh = {subject.pk}
    while fresh:
        found += sorted(fresh)
        about = [rows.order_by().filter(about__in=fresh) for rows in _ABOUT]
        fresh = {pk for rows in about for pk in rows.values_list("subject_id", flat=True)} - set(found)
    subjects = Subject.objects.in_bulk(found)
    return [subjects[pk] for pk in found]


_ABOUT: tuple[Any, ...] = (Review.objects, Escalation.objects, Action.objects)
