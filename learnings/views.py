"""The pages of learnings: feed and drafts, one learning, the editor with its preview, the steps."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from history.queries import timeline
from kit import clock
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, Refused
from kit.rights import may, require, view_needs
from learnings import queries
from learnings.forms import EDITED, TEXTS, LearningForm, NewLearningForm
from learnings.models import Learning
from learnings.operations import learning as operations
from learnings.states import Verdict
from pages.answers import go, respond, toast
from pages.once import once
from pages.requests import page_of, version_of

ORDER = {
    "feed": ("-published_at", "-id"),
    "drafts": ("-made_at", "-id"),
    "discarded": ("-made_at", "-id"),
}


@require_safe
@view_needs("learnings.learning_see")
def learning_list(request: HttpRequest) -> HttpResponse:
    """The feed, searched by words and tag; the drafts; what was discarded."""
    tab = request.GET.get("show")
    tab = tab if tab in queries.TABS else "feed"
    words, tag = request.GET.get("q", "")[:200], request.GET.get("tag", "")[:60]
    rows = queries.with_words(queries.TABS[tab](request.user), words)
    if tag:
        rows = rows.filter(tags__contains=[tag])
    page = page_of(rows, ORDER[tab], request)
    queries.sighted(request.user, page.rows)
    balance = queries.balance(request.user)
    context = {
        "tab": tab,
        "words": words,
        "tag": tag,
        "page": page,
        "draft_count": queries.drafts(request.user).order_by().count(),
        "tags": queries.tag_counts(request.user),
        "balance": [(verdict, balance.get(verdict.value, 0)) for verdict in Verdict],
        "may_write": may(request.user, "learnings.learning_write"),
    }
    return respond(request, "learnings/learning_list.html", "list", context)


def _found(request: HttpRequest, reference: str) -> Learning:
    rows = queries.learnings().visible_to(request.user)
    return get_object_or_404(rows, subject__reference=reference.upper())


@require_safe
@view_needs("learnings.learning_see")
def learning_detail(request: HttpRequest, reference: str) -> HttpResponse:
    return _detail(request, _found(request, reference))


def _detail(
    request: HttpRequest, learning: Learning, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    queries.sighted(request.user, [learning])
    context = {
        "learning": learning,
        "sections": _sections({name: getattr(learning, name) for name in TEXTS}),
        "may_change": may(request.user, "learnings.learning_change", learning),
        "timeline": list(timeline(learning.subject_id).visible_to(request.user)[:50]),
        "refusal": refusal,
    }
    return respond(request, "learnings/learning_detail.html", None, context, status=status)


def _sections(texts: dict[str, str]) -> list[tuple[str, str]]:
    """The texts that say something, under their headings."""
    labels = {name: LearningForm.base_fields[name].label for name in TEXTS}
    return [(labels[name], texts[name]) for name in TEXTS if texts[name].strip()]


@require_POST
@view_needs("learnings.learning_write")
def learning_preview(request: HttpRequest) -> HttpResponse:
    """The texts of the editor as they will read. Nothing is kept."""
    texts = {name: request.POST.get(name, "")[:20000] for name in TEXTS}
    context = {"sections": _sections(texts), "title": request.POST.get("title", "")[:200]}
    return respond(request, "learnings/learning_preview.html", "texts", context)


@require_http_methods(["GET", "POST"])
@view_needs("learnings.learning_write")
def learning_create(request: HttpRequest) -> HttpResponse:
    """A new draft; `?about=Q-3` says what taught it."""
    if request.method != "POST":
        about = {"about": request.GET.get("about", "")[:24]}
        return _create_form(request, NewLearningForm(user=request.user, initial=about))
    form = NewLearningForm(request.POST, user=request.user)
    if not form.is_valid():
        return _create_form(request, form, status=422)

    by = Actor(request.user, "page")

    def act() -> str:
        made = operations.write(
            **form.values(),
            about=form.cleaned_data["about"],
            author=by.person,
            by=by,
            at=clock.now(),
        )
        return reverse("learnings:learning_detail", args=[made.reference])

    try:
        url = once(request, act)
    except Refused as refusal:
        _mark(form, refusal)
        return _create_form(request, form, status=422)
    return toast(request, go(request, url), "Draft saved")


def _create_form(request: HttpRequest, form: NewLearningForm, status: int = 200) -> HttpResponse:
    return respond(request, "learnings/learning_create.html", "form", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@view_needs("learnings.learning_change")
def learning_edit(request: HttpRequest, reference: str) -> HttpResponse:
    """The editor: save, or save and publish in one act. A conflict shows both texts."""
    learning = _found(request, reference)
    require(request.user, "learnings.learning_change", learning)
    if request.method != "POST":
        return _edit_form(request, learning, LearningForm.of(learning))
    form = LearningForm.of(learning, request.POST)
    seen = version_of(request)
    if not form.is_valid():
        return _edit_form(request, learning, form, version=seen, status=422)
    try:
        words = _kept(request, learning, form, seen)
    except ChangedMeanwhile as conflict:
        extra = {"mine": _told(form.values()), "theirs": _told_of(conflict.present)}
        return _edit_form(request, learning, form, version=conflict.present.version, status=409, **extra)
    except Refused as refusal:
        _mark(form, refusal)
        return _edit_form(request, learning, form, version=seen, status=422)
    return toast(request, go(request, reverse("learnings:learning_detail", args=[reference])), words)


def _kept(request: HttpRequest, learning: Learning, form: LearningForm, seen: int) -> str:
    by, at = Actor(request.user, "page"), clock.now()
    if request.POST.get("then") == "publish":
        operations.publish(learning, values=form.values(), by=by, at=at, seen=seen)
        return f"{learning.reference} published"
    operations.change(learning, form.values(), by=by, at=at, seen=seen)
    return "Saved"


def _edit_form(
    request: HttpRequest,
    learning: Learning,
    form: LearningForm,
    *,
    version: int = 0,
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    context = {"learning": learning, "form": form, "version": version or learning.version, **extra}
    return respond(request, "learnings/learning_edit.html", "form", context, status=status)


def _told(values: dict[str, Any]) -> str:
    """The fields of a learning as lines, for the comparison of two texts."""
    labels = {name: LearningForm.base_fields[name].label or name.capitalize() for name in EDITED}
    said = {**values, "tags": ", ".join(values["tags"])}
    return "\n\n".join(f"{labels[name]}: {said[name]}" for name in EDITED if said[name])


def _told_of(learning: Learning) -> str:
    return _told({name: getattr(learning, name) for name in EDITED})


def _mark(form: Any, refusal: Refused) -> None:
    form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)


STEPS = {
    "publish": ("{} published", "withdraw"),
    "withdraw": ("{} moved back to draft", "publish"),
    "discard": ("{} discarded", "restore"),
    "restore": ("{} restored as a draft", "discard"),
}


@require_POST
@view_needs("learnings.learning_change")
def learning_step(request: HttpRequest, reference: str, step: str) -> HttpResponse:
    """Publish, withdraw, discard, restore, take: each but the last can be undone by its toast."""
    learning = _found(request, reference)
    require(request.user, "learnings.learning_change", learning)
    by, at = Actor(request.user, "page"), clock.now()
    page = reverse("learnings:learning_detail", args=[reference])
    try:
        if step == "take":
            operations.take(learning, author=by.person, by=by, at=at)
            return toast(request, go(request, page), f"{learning.reference} assigned to you")
        getattr(operations, step)(learning, by=by, at=at)
    except ChangedMeanwhile as refusal:
        return toast(request, go(request, page), refusal.message)
    except Refused as refusal:
        return _detail(request, learning, refusal=refusal.message, status=422)
    words, back = STEPS[step]
    undo = reverse("learnings:learning_step", args=[reference, back])
    return toast(request, go(request, page), words.format(learning.reference), undo=undo)
