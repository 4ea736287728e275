"""The pages of lessons."""

from datetime import timedelta

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from kit import clock
from kit.rights import may, view_needs
from learnings import lessons
from learnings.lessons import LESSONS, LessonChart
from learnings.operations import lesson as operations
from learnings.queries import lesson as queries
from pages import charts
from pages.answers import go, respond, toast
from pages.requests import actor
from people.permissions import SignedInRequest

_STYLES = ("strong", "warm", "good")
_DAY = timedelta(days=1)


@require_safe
@view_needs("learnings.glossary_view")
def lesson_list(request: SignedInRequest) -> HttpResponse:
    """Show the lessons, which of them the reader took, and the counts of the functions."""
    taken = queries.taken_by(request.user)
    context = {
        "lessons": [(number, one, one.slug in taken) for number, one in enumerate(LESSONS, 1)],
        "counts": queries.counts(),
    }
    return respond(request, "learnings/lesson_list.html", None, context)


@require_safe
@view_needs("learnings.glossary_view")
def lesson_detail(request: SignedInRequest, slug: str) -> HttpResponse:
    lesson = lessons.find(slug)
    if lesson is None:
        raise Http404
    place = LESSONS.index(lesson)
    context = {
        "lesson": lesson,
        "chart": _chart(lesson.chart),
        "questions": [(question, question.answers[question.right]) for question in lesson.questions],
        "words": queries.words_of(lesson),
        "is_taken": slug in queries.taken_by(request.user),
        "next": LESSONS[place + 1] if place + 1 < len(LESSONS) else None,
        "may_take": may(request.user, "learnings.lesson_take"),
    }
    return respond(request, "learnings/lesson_detail.html", None, context)


def _chart(chart: LessonChart) -> SafeString:
    """Draw the example of a lesson over the last days."""
    length = max(len(values) for values in chart.lines.values())
    first = clock.now() - length * _DAY
    drawn: SafeString = charts.line_chart(
        key="lesson",
        title=chart.title,
        lines=[
            charts.ChartLine(name, [(first + day * _DAY, value) for day, value in enumerate(values)], style)
            for (name, values), style in zip(chart.lines.items(), _STYLES, strict=False)
        ],
        thresholds=[charts.ChartLimit(chart.limit, "warning", "Threshold")] if chart.limit else [],
        unit=chart.unit,
    )
    return drawn


@require_POST
@view_needs("learnings.lesson_take")
def lesson_take(request: SignedInRequest, slug: str) -> HttpResponse:
    if lessons.find(slug) is None:
        raise Http404
    is_new = operations.take(slug, by=actor(request), at=clock.now())
    message = "Lesson taken" if is_new else "You took this lesson before"
    return toast(request, go(request, reverse("learnings:lesson_list")), message)
