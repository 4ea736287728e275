"""The pages of learnings: feed and drafts, a learning, the editor with its preview, the steps."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from history.models import Subject
from kit import clock
from kit.rights import may, view_needs
from learnings.filters.learning import LEARNING_LIST, SPEC, listed_learnings
from learnings.forms.learning import LearningForm, NewLearningForm, VerdictForm
from learnings.forms.use import LearningUseForm
from learnings.models import Learning
from learnings.operations import learning as operations
from learnings.operations.learning import TEXTS
from learnings.operations.origin import origin_of
from learnings.queries import learning as queries
from learnings.queries import prefill, week
from learnings.queries import recognition as recognitions
from learnings.queries import use as uses
from learnings.queries.learning_export import LEARNING_EXPORT
from learnings.states import LearningVerdict
from pages import flows
from pages.answers import respond
from pages.exporting import export_addresses, send_export
from pages.flows import form_page
from pages.forms import PageForm
from pages.listing import kept_filters, listing, reader_of, selection_of
from people.permissions import SignedInRequest
from saved import queries as saved

# The order of each view of the list.
ORDERS = {"feed": "-published_at", "drafts": "-made_at", "discarded": "-made_at", "mine": "-made_at"}
# A step -> its operation, the toast, and the step that undoes it ("" for none).
STEPS: dict[str, tuple[Callable[..., Learning], str, str]] = {
    "take": (operations.take, "{} is assigned to you", ""),
    "publish": (operations.publish, "{} published", "withdraw"),
    "withdraw": (operations.withdraw, "{} moved back to draft", "publish"),
    "discard": (operations.discard, "{} discarded", "restore"),
    "restore": (operations.restore, "{} restored as a draft", "discard"),
}


def address_of(learning: Learning) -> str:
    return reverse("learnings:learning_detail", args=[learning.reference])


@require_safe
@view_needs("learnings.learning_view")
def learning_list(request: SignedInRequest) -> HttpResponse:
    """Show one page of the feed, the drafts or the discarded drafts, filtered."""
    selection = selection_of(request, SPEC)
    view = selection.texts.get("show", "feed")
    rows = queries.with_rows(listed_learnings(selection, reader_of(request)))
    ordered = selection.in_order(ORDERS[view])
    shown = listing(request, SPEC, rows, selection=ordered)
    queries.set_visibility(request.user, shown.page.rows)
    queries.set_unread(request.user, shown.page.rows)
    balance = queries.balance(request.user)
    is_narrowed = bool(set(selection.values) - {"show"})
    is_start = view == "feed" and not is_narrowed
    context = {
        "of_week": week.present_of(request.user, clock.now()) if is_start else None,
        "listing": shown,
        "page": shown.page,
        "view": view,
        "tag": selection.texts.get("tag", ""),
        "is_narrowed": is_narrowed,
        "may_mark_read": bool(queries.unread_count(request.user)),
        **saved.page_context(LEARNING_LIST, request.user, selection),
        **kept_filters(shown, "show", "tag"),
        "exports": export_addresses(reverse("learnings:learning_export"), ordered),
        "tags": queries.tag_counts(request.user),
        "balance": [(verdict, balance.get(verdict.value, 0)) for verdict in LearningVerdict],
        "may_write": may(request.user, "learnings.learning_write"),
        "thanks": recognitions.latest(request.user),
    }
    return respond(request, "learnings/learning_list.html", "list", context)


@require_safe
@view_needs("learnings.learning_view")
def learning_export(request: SignedInRequest) -> StreamingHttpResponse:
    """Send all learnings of the filtered list, in its order, as a file: ?format=csv, xlsx or json."""
    return send_export(request, LEARNING_EXPORT, listed_learnings)


def learning_of(request: SignedInRequest, reference: str) -> Learning:
    rows = queries.learnings().visible_to(request.user)
    return get_object_or_404(rows, subject__reference=reference.upper())


@require_safe
@view_needs("learnings.learning_view")
def learning_detail(request: SignedInRequest, reference: str) -> HttpResponse:
    return detail_page(request, learning_of(request, reference))


def detail_page(
    request: SignedInRequest, learning: Learning, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    queries.set_visibility(request.user, [learning])
    queries.set_unread(request.user, [learning])
    week.set_votes(request.user, [learning], clock.now())
    context = {
        "learning": learning,
        "sections": _sections({name: getattr(learning, name) for name in TEXTS}),
        "may_change": may(request.user, "learnings.learning_change", learning),
        "may_use": may(request.user, "learnings.learning_use", learning),
        "uses": uses.of_learning(request.user, learning),
        "use_form": LearningUseForm(user=request.user),
        "may_choose": may(request.user, "learnings.week_choose", learning),
        "verdicts": LearningVerdict.choices,
        "refusal": refusal,
    }
    return respond(request, "learnings/learning_detail.html", None, context, status=status)


def _sections(texts: dict[str, str]) -> list[tuple[str, str]]:
    """Return the texts that are not empty, as (heading, text)."""
    labels = {name: LearningForm.base_fields[name].label for name in TEXTS}
    return [(labels[name], texts[name]) for name in TEXTS if texts[name].strip()]


@require_POST
@view_needs("learnings.learning_write")
def learning_preview(request: SignedInRequest) -> HttpResponse:
    """Show the texts of the editor as the page will show them. Nothing is stored."""
    texts = {name: request.POST.get(name, "")[:20000] for name in TEXTS}
    context = {"sections": _sections(texts), "title": request.POST.get("title", "")[:200]}
    return respond(request, "learnings/learning_preview.html", "texts", context)


@require_http_methods(["GET", "POST"])
@view_needs("learnings.learning_write")
def learning_create(request: SignedInRequest) -> HttpResponse:
    """Create a draft. `?about=Q-3` presets its source, with what that knows."""
    initial = _known(request, request.GET.get("about", "")[:24])
    return flows.create(
        request,
        NewLearningForm(request.POST or None, user=request.user, initial=initial),
        operation=operations.write,
        address=address_of,
        show=form_page(request, "learnings/learning_create.html"),
        message="Draft saved",
    )


def _known(request: SignedInRequest, reference: str) -> dict[str, Any]:
    """Return what the form of a new learning begins with: nothing of a source that the reader may not see."""
    subjects = Subject.objects.visible_to(request.user).filter(reference=reference.upper())
    about = subjects.first() if reference and request.method == "GET" else None
    if about is None:
        return {"about": reference}
    known, origin = asdict(prefill.known_of(about)), origin_of(about)
    known["tags"] = ", ".join(known["tags"])
    return {"about": about.reference, **known, "model": origin.model, "category": origin.category}


@require_http_methods(["GET", "POST"])
@view_needs("learnings.learning_change")
def learning_edit(request: SignedInRequest, reference: str) -> HttpResponse:
    """Edit a learning: save it, or save and publish it in one operation."""
    learning = learning_of(request, reference)
    is_publishing = request.POST.get("then") == "publish"
    return flows.edit(
        request,
        learning,
        LearningForm.of(learning, request.user, request.POST or None),
        permission="learnings.learning_change",
        operation=_change_and_publish if is_publishing else operations.change,
        address=address_of(learning),
        show=form_page(request, "learnings/learning_edit.html", learning=learning),
        message=f"{learning.reference} published" if is_publishing else "Saved",
    )


def _change_and_publish(learning: Learning, values: Mapping[str, Any], **act: Any) -> Learning:
    return operations.publish(learning, values=values, **act)


@require_POST
@view_needs("learnings.learning_change")
def learning_step(request: SignedInRequest, reference: str, step: str) -> HttpResponse:
    """Take a step: publish, withdraw, discard, restore or take. The toast can undo every step but take."""
    learning = learning_of(request, reference)
    operation, message, undo_step = STEPS[step]

    def show(form: PageForm, status: int) -> HttpResponse:
        return detail_page(request, learning_of(request, reference), refusal=form.first_error, status=status)

    return flows.step(
        request,
        learning,
        PageForm(request.POST),
        permission="learnings.learning_change",
        operation=operation,
        address=address_of(learning),
        show=show,
        message=message.format(learning.reference),
        undo=reverse("learnings:learning_step", args=[reference, undo_step]) if undo_step else "",
    )


@require_POST
@view_needs("learnings.learning_use")
def learning_judge(request: SignedInRequest, reference: str) -> HttpResponse:
    """Say whether a published learning worked."""
    learning = learning_of(request, reference)

    def show(form: PageForm, status: int) -> HttpResponse:
        return detail_page(request, learning_of(request, reference), refusal=form.first_error, status=status)

    return flows.step(
        request,
        learning,
        VerdictForm(request.POST),
        permission="learnings.learning_use",
        operation=operations.judge,
        address=address_of(learning),
        show=show,
        message="Outcome saved",
    )
