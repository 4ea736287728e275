"""API resources of the glossary and of lessons."""

from typing import Any, cast

from django.db.models import QuerySet
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from learnings import lessons
from learnings.filters.glossary import SPEC
from learnings.lessons import LESSONS, Lesson
from learnings.models import GlossaryWord
from learnings.operations import glossary as operations
from learnings.operations import lesson as lesson_operations
from learnings.operations.glossary import MAX_ALSO
from learnings.queries import lesson as queries
from people.models import User
from rest.edits import EditableItem
from rest.fields import Body, read, refuse_fields
from rest.resource import ApiView, Collection, Resource


class GlossaryWordRow(serializers.Serializer):
    """A word with its definition in Markdown."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    slug = serializers.CharField()
    word = serializers.CharField()
    also = serializers.ListField(child=serializers.CharField(), help_text="Other spellings.")
    definition = serializers.CharField()
    lesson = serializers.CharField(help_text="The slug of a lesson that explains it, or empty.")


class GlossaryChange(Body):
    """The fields to change; fields that are not sent stay the same."""

    word = serializers.CharField(max_length=80, required=False)
    definition = serializers.CharField(max_length=2000, required=False)
    also = serializers.ListField(
        child=serializers.CharField(max_length=80), required=False, max_length=MAX_ALSO
    )
    lesson = serializers.CharField(max_length=40, required=False, allow_blank=True)


class NewGlossaryWord(GlossaryChange):
    word = serializers.CharField(max_length=80)
    definition = serializers.CharField(max_length=2000)


class _Words(Resource):
    kind = "glossary_word"
    slug = "slug"
    serializer_class = GlossaryWordRow
    columns = {name: name for name in GlossaryWordRow().fields}

    def rows(self, request: Request) -> QuerySet:
        return GlossaryWord.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return self.rows(request).select_related("subject")


class Glossary(_Words, Collection):
    """The words of the glossary. POST adds one."""

    permission = {"GET": "learnings.glossary_view", "POST": "learnings.glossary_change"}
    bodies = {"POST": NewGlossaryWord}
    spec = SPEC

    def post(self, request: Request) -> Response:
        word = operations.add(**read(NewGlossaryWord, request), by=self.by(request), at=clock.now())
        return self.created(request, word.pk, f"glossary/{word.slug}")


class GlossaryItem(_Words, EditableItem):
    """A word, by its slug or id."""

    permission = {"GET": "learnings.glossary_view", "PATCH": "learnings.glossary_change"}
    body = GlossaryChange
    operation = staticmethod(operations.change)


class LessonQuestionRow(serializers.Serializer):
    """A question to oneself. right: the place of the right answer, from 0."""

    text = serializers.CharField()
    answers = serializers.ListField(child=serializers.CharField())
    right = serializers.IntegerField()
    why = serializers.CharField()


class LessonRow(serializers.Serializer):
    """A lesson. Its text is Markdown."""

    slug = serializers.CharField()
    title = serializers.CharField()
    minutes = serializers.IntegerField()
    text = serializers.CharField()
    questions = LessonQuestionRow(many=True)
    is_taken = serializers.BooleanField(help_text="Whether you took it.")


class LessonCountsRow(serializers.Serializer):
    """How many people of a function took each lesson: by slug. Small functions are counted together."""

    function = serializers.CharField()
    people = serializers.IntegerField()
    taken = serializers.DictField(child=serializers.IntegerField())


class LessonsRow(serializers.Serializer):
    lessons = LessonRow(many=True)
    counts = LessonCountsRow(many=True)


class Lessons(ApiView):
    """The lessons in data literacy, and how many people of each function took which one."""

    permission = {"GET": "learnings.glossary_view"}
    answers = {"GET": (200, LessonsRow)}

    def get(self, request: Request) -> Response:
        taken = queries.taken_by(cast(User, request.user))
        counts = [
            {
                "function": one.name,
                "people": one.people,
                "taken": dict(zip(lessons.slugs(), one.taken, strict=True)),
            }
            for one in queries.counts()
        ]
        return Response({"lessons": [_row(one, taken) for one in LESSONS], "counts": counts})


class LessonItem(ApiView):
    """A lesson, by its slug."""

    permission = {"GET": "learnings.glossary_view"}
    answers = {"GET": (200, LessonRow)}

    def get(self, request: Request, key: str) -> Response:
        return Response(_row(_lesson(key), queries.taken_by(cast(User, request.user))))


class TakeLesson(ApiView):
    """Note that you took a lesson. Taking it again changes nothing."""

    permission = {"POST": "learnings.lesson_take"}
    bodies = {"POST": None}
    answers = {"POST": (200, LessonRow)}

    def post(self, request: Request, key: str) -> Response:
        lesson = _lesson(key)
        refuse_fields(request)
        lesson_operations.take(lesson.slug, by=self.by(request), at=clock.now())
        return Response(_row(lesson, {lesson.slug}))


def _lesson(slug: str) -> Lesson:
    lesson = lessons.find(slug)
    if lesson is None:
        raise Http404
    return lesson


def _row(lesson: Lesson, taken: set[str]) -> dict[str, Any]:
    names = ("slug", "title", "minutes", "text", "questions")
    fields = {name: getattr(lesson, name) for name in names}
    return dict(LessonRow({**fields, "is_taken": lesson.slug in taken}).data)


RESOURCES: list = [
    ("glossary", Glossary),
    ("glossary/<str:key>", GlossaryItem),
    ("lessons", Lessons),
    ("lessons/<str:key>", LessonItem),
    ("lessons/<str:key>/taken", TakeLesson),
]
