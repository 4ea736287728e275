"""Ten short lessons in data literacy, for people who are no data scientists. Pure."""

from learnings.lessons.about_data import ABOUT_DATA
from learnings.lessons.about_use import ABOUT_USE
from learnings.lessons.shape import Lesson, LessonChart, LessonQuestion

LESSONS: tuple[Lesson, ...] = (*ABOUT_DATA, *ABOUT_USE)

__all__ = ["LESSONS", "Lesson", "LessonChart", "LessonQuestion", "find", "slugs"]


def slugs() -> tuple[str, ...]:
    return tuple(lesson.slug for lesson in LESSONS)


def find(slug: str) -> Lesson | None:
    """Return the lesson of this slug, None without one."""
    return next((lesson for lesson in LESSONS if lesson.slug == slug), None)
