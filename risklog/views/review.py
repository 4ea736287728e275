"""The pages of reviews: the list, one review with its evidence, and its steps."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from history.queries import with_related
from kit import clock
from kit.rights import may, require, view_needs
from pages import flows
from pages.answers import respond
from pages.forms import PageForm
from pages.listing import listing, reader_of, selection_of
from people.models import User
from people.permissions import SignedInRequest
from risklog.filters.review import REVIEW_VIEWS, REVIEWS
from risklog.forms.review import (
    AnswerForm,
    AskForm,
    HandOverReviewForm,
    OpenForm,
    ReviewReasonForm,
    SettleForm,
)
from risklog.models import Review, Reviewer
from risklog.operations import replacement
from risklog.operations import review as operations
from risklog.operations import reviewer as reviewer_operations
from risklog.queries import escalation as escalation_queries
from risklog.queries import review as queries
from risklog.states import ReviewState
from risklog.views import charts

# The order of each view of the list.
ORDERS = {"mine": "due_at", "open": "due_at", "settled": "-settled_at"}
# step -> (permission on the review, operation, toast)
STEPS: dict[str, tuple[str, Callable[..., Review], str]] = {
    "answer": ("risklog.review_answer", reviewer_operations.answer, "Answer to {} saved"),
    "ask": ("risklog.review_claim", reviewer_operations.ask, "Reviewer added"),
    "claim": ("risklog.review_claim", reviewer_operations.claim, "You are the lead of {}"),
    "hand-over": ("risklog.review_hand_over", replacement.hand_over, "{} handed over"),
    "give-back": ("risklog.review_give_back", reviewer_operations.give_back, "{} has no lead now"),
    "settle": ("risklog.review_settle", operations.settle, "{} closed"),
    "withdraw": ("risklog.review_settle", operations.withdraw, "{} withdrawn"),
    "reopen": ("risklog.review_settle", operations.reopen, "{} reopened"),
}
# Steps that only add or change a reviewer's row. They overwrite nothing, so they need no version.
UNVERSIONED = frozenset({"answer", "ask"})
# what is missing -> the page where it can be fixed, the key in that page's address, the label of the link
_FIXES = {
    "no_model": ("catalogue:model_create", "", "Register the model"),
    "no_owner_team": ("catalogue:model_detail", "model", "Assign an owner team"),
    "no_threshold": ("signals:series_detail", "series", "Set a threshold"),
    "no_function": ("people:person_list", "", "View people by function"),
    "one_function": ("people:person_list", "", "View people by function"),
    "nobody": ("people:person_list", "", "View people"),
}
_SOURCE = ("signals:source_detail", "source", "View its source")


def address_of(review: Review) -> str:
    return reverse("risklog:review_detail", args=[review.reference])


@require_safe
@view_needs("risklog.review_view")
def review_list(request: SignedInRequest) -> HttpResponse:
    """Show one view of the list. Without ?show= it is the reader's own, or all open ones if that is empty."""
    selection, reader = selection_of(request, REVIEWS), reader_of(request)
    counts = queries.tab_counts(reader)
    view = selection.texts.get("show") or ("mine" if counts["mine"] else "open")
    rows = queries.for_pages(request.user).filter(REVIEW_VIEWS[view][1](reader))
    shown = listing(request, REVIEWS, rows, selection=selection.in_order(ORDERS[view]))
    context = {
        "listing": shown,
        "page": shown.page,
        "view": view,
        "counts": counts,
        "rows": queries.with_shown_about(request.user, shown.page.rows),
        "may_open": may(request.user, "risklog.review_open"),
    }
    return respond(request, "risklog/review_list.html", "list", context)


@require_http_methods(["GET", "POST"])
@view_needs("risklog.review_open")
def review_open(request: SignedInRequest) -> HttpResponse:
    """Request a review. ?about=R-12 fills in of what."""
    initial = {"about": request.GET.get("about", "")[:24]}
    return flows.create(
        request,
        OpenForm(request.POST or None, user=request.user, initial=initial),
        operation=operations.request,
        address=address_of,
        show=flows.form_page(request, "risklog/review_open.html"),
        message="Review requested",
    )


@require_safe
@view_needs("risklog.review_view")
def review_detail(request: SignedInRequest, reference: str) -> HttpResponse:
    return _detail(request, reference)


def _detail(
    request: SignedInRequest,
    reference: str,
    *,
    status: int = 200,
    refused: str = "",
    form: PageForm | None = None,
) -> HttpResponse:
    """Show the page. refused: the step that was refused; form: its form, kept so that no text is lost."""
    at, user = clock.now(), request.user
    rows = with_related(queries.for_pages(user))
    review = get_object_or_404(rows, subject__reference=reference.upper())
    queries.with_shown_about(user, [review])
    own = _request_to(user, review)
    group, breaches = queries.evidence(user, review) or (None, [])
    worst = next((breach for breach in breaches if breach.series_id), None)
    is_open = review.state == ReviewState.OPEN
    forms = _forms(review, own, at) | ({refused: form} if form else {})
    context = {
        "review": review,
        "own_answer": own,
        "is_open": is_open,
        "owes_answer": is_open and own is not None and own.answered_at is None,
        "is_late": is_open and review.due_at < at,
        "group": group,
        "breaches": breaches,
        "chart": charts.evidence(user, worst, at=at) if worst else None,
        "missing": _missing(review) if is_open else [],
        "forms": {name.replace("-", "_"): shown for name, shown in forms.items()},
        "refused": refused,
        "step_form": form,
        "may": {step.replace("-", "_"): may(user, name, review) for step, (name, _, _) in STEPS.items()},
        "rail": escalation_queries.rail(user, review, at=at),
    }
    return respond(request, "risklog/review_detail.html", None, context, status=status)


def _request_to(user: User, review: Review) -> Reviewer | None:
    """Return the request to this person, None if they were not asked or replaced. Needs the reviewers."""
    rows = review.reviewers.all()
    return next((row for row in rows if row.user_id == user.pk and row.replaced_by_id is None), None)


def _forms(review: Review, own: Reviewer | None, at: datetime) -> dict[str, PageForm]:
    """Return the forms of the steps that are possible in the current state: step -> form."""
    if review.state != ReviewState.OPEN:
        return {"reopen": ReviewReasonForm(auto_id="reopen_%s")}
    ask = AskForm(review=review, at=at, auto_id="ask_%s")
    hand_over = HandOverReviewForm(review=review, at=at, auto_id="hand_over_%s")
    hand_over.share_people(ask)
    given = {"verdict": own.verdict, "note": own.note} if own and own.answered_at else None
    return {
        "answer": AnswerForm(initial=given),
        "ask": ask,
        "hand-over": hand_over,
        "settle": SettleForm(auto_id="settle_%s"),
        "withdraw": ReviewReasonForm(auto_id="withdraw_%s"),
    }


def _missing(review: Review) -> list[dict[str, str]]:
    """Return what is missing, each with the address where it can be fixed."""
    return [{"text": missing["text"], **_fix(missing)} for missing in queries.still_missing(review)]


def _fix(missing: dict[str, Any]) -> dict[str, str]:
    name, key, label = _FIXES[missing["code"]]
    if key == "series" and not missing.get("series"):
        name, key, label = _SOURCE
    if key and not missing.get(key):
        return {}
    url = reverse(name, args=[missing[key]] if key else [])
    return {
        "url": f"{url}?{urlencode({'name': missing['name']})}" if missing.get("name") else url,
        "label": label,
    }


@require_POST
@view_needs("risklog.review_claim")
def review_step(request: SignedInRequest, reference: str, step: str) -> HttpResponse:
    """Answer, add a reviewer, take or give up the lead, close, withdraw, reopen."""
    review = get_object_or_404(queries.for_pages(request.user), subject__reference=reference.upper())
    permission, operation, text = STEPS[step]
    address, message = address_of(review), text.format(review.reference)
    form = _bound(step, request, review)
    if form is None:
        return flows.press(
            request, review, permission=permission, operation=operation, address=address, message=message
        )

    def show(form: PageForm, status: int) -> HttpResponse:
        return _detail(request, reference, status=status, refused=step, form=form)

    if step in UNVERSIONED:
        require(request.user, permission, review)
        return flows.create(
            request,
            form,
            operation=partial(operation, review),
            address=address_of,
            show=show,
            message=message,
        )
    return flows.step(
        request,
        review,
        form,
        permission=permission,
        operation=operation,
        address=address,
        show=show,
        message=message,
    )


def _bound(step: str, request: SignedInRequest, review: Review) -> PageForm | None:
    """Return the sent form of a step, None for a step that asks for nothing."""
    match step:
        case "answer":
            return AnswerForm(request.POST)
        case "ask":
            return AskForm(request.POST, review=review, at=clock.now(), auto_id="ask_%s")
        case "hand-over":
            return HandOverReviewForm(request.POST, review=review, at=clock.now(), auto_id="hand_over_%s")
        case "settle":
            return SettleForm(request.POST, auto_id="settle_%s")
        case "withdraw" | "reopen":
            return ReviewReasonForm(request.POST, auto_id=f"{step}_%s")
        case _:
            return None
