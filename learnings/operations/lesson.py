"""Note that a person took a lesson."""

from datetime import datetime

from kit.actor import Actor
from kit.refusals import Refused
from learnings import lessons
from learnings.models import LessonTaken
from people.models import User


def take(slug: str, *, by: Actor, at: datetime) -> bool:
    """Note that the actor took a lesson. Returns False if they had taken it before. Raises Refused."""
    if lessons.find(slug) is None:
        raise Refused(f"Use one of {', '.join(lessons.slugs())}.", field="lesson")
    if not isinstance(by.person, User):
        raise Refused("Only people take lessons.", field="lesson")
    _, is_new = LessonTaken.objects.get_or_create(lesson=slug, user=by.person, defaults={"taken_at": at})
    return is_new
