"""Which lessons a person took, and how many people of each function took which one."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from learnings import lessons
from learnings.lessons import Lesson
from learnings.models import GlossaryWord, LessonTaken
from lists.collation import BY_NAME
from people.models import Function, User

# Of a function with fewer people a count would name them.
MIN_PEOPLE = 3
OTHERS = "Smaller functions and people without one"


@dataclass(frozen=True, slots=True)
class FunctionCounts:
    """How many active people a function has, and how many of them took each lesson, in their order."""

    name: str
    people: int
    taken: Sequence[int]


def taken_by(user: User) -> set[str]:
    """Return the slugs of the lessons that a person took."""
    return set(LessonTaken.objects.filter(user=user).values_list("lesson", flat=True))


def counts() -> list[FunctionCounts]:
    """Return the counts of each function, by name, with no names of people. Three queries.

    Functions of fewer than MIN_PEOPLE people are counted together, and left out if they are too few together.
    """
    active = User.objects.active().order_by()
    sizes = dict(active.values_list("function").annotate(number=Count("pk")))
    rows = LessonTaken.objects.filter(user__is_active=True, user__is_service=False).order_by()
    taken = {
        (function, lesson): number
        for function, lesson, number in rows.values_list("user__function", "lesson").annotate(
            number=Count("pk")
        )
    }
    large = [one for one in Function.objects.order_by(*BY_NAME) if sizes.get(one.pk, 0) >= MIN_PEOPLE]
    small = [pk for pk in sizes if pk not in {one.pk for one in large}]
    groups = [(one.name, [one.pk]) for one in large] + [(OTHERS, small)]
    found = [_counts(name, ids, sizes, taken) for name, ids in groups]
    return [one for one in found if one.people >= MIN_PEOPLE]


def _counts(
    name: str,
    ids: Sequence[int | None],
    sizes: dict[int | None, int],
    taken: dict[tuple[int | None, str], int],
) -> FunctionCounts:
    return FunctionCounts(
        name,
        sum(sizes.get(pk, 0) for pk in ids),
        [sum(taken.get((pk, slug), 0) for pk in ids) for slug in lessons.slugs()],
    )


def words_of(lesson: Lesson) -> list[GlossaryWord]:
    """Return the words of the glossary that a lesson explains, by name."""
    return list(GlossaryWord.objects.filter(lesson=lesson.slug).order_by("word"))
