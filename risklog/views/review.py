"""The pages of reviews: what waits, one review with its evidence, and what can be done with it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from history.queries import timeline_of_related, with_related
from kit import clock
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, Refused
from kit.rights import may, require, view_needs
from pages.answers import go, respond, toast
from pages.once import once
from pages.requests import page_of, version_of
from risklog.forms.review import AnswerForm, AskForm, OpenForm, ReasonForm, SettleForm
from risklog.models import Review
from risklog.operations import review as operations
from risklog.operations import reviewer as people
from risklog.queries import escalation as escalation_queries
from risklog.queries import review as queries
from risklog.queries import rung as rung_queries
from risklog.states import ReviewState
from risklog.views import charts

# step -> (permission on the review, words of the toast)
STEPS = {
    "answer": ("risklog.review_answer", "Answer to {} saved"),
    "ask": ("risklog.review_claim", "Reviewer added"),
    "claim": ("risklog.review_claim", "You are the lead of {}"),
    "give-back": ("risklog.review_give_back", "{} has no lead now"),
    "settle": ("risklog.review_settle", "{} closed"),
    "withdraw": ("risklog.review_settle", "{} withdrawn"),
    "reopen": ("risklog.review_settle", "{} reopened"),
}
# what is missing -> the page where it can be mended, what that page is asked for, its words
_MENDS = {
    "no_model": ("catalogue:model_create", "", "Register the model"),
    "no_owner_team": ("catalogue:model_detail", "model", "Assign an owner team"),
    "no_threshold": ("signals:series_detail", "series", "Set a threshold"),
    "no_function": ("people:person_list", "", "View people by function"),
    "one_function": ("people:person_list", "", "View people by function"),
    "nobody": ("people:person_list", "", "View people"),
}
_SOURCE = ("signals:source_detail", "source", "View its source")


@require_safe
@view_needs("risklog.review_view")
def review_list(request: HttpRequest) -> HttpResponse:
    counts = queries.tab_counts(request.user)
    tab = request.GET.get("show")
    tab = tab if tab in queries.TABS else ("mine" if counts["mine"] else "open")
    order = ("-settled_at", "-id") if tab == "settled" else ("due_at", "id")
    page = page_of(queries.in_tab(request.user, tab), order, request)
    context = {
        "tab": tab,
        "counts": counts,
        "page": page,
        "rows": queries.sighted(request.user, page.rows),
        "may_open": may(request.user, "risklog.review_open"),
    }
    return respond(request, "risklog/review_list.html", "list", context)


@require_http_methods(["GET", "POST"])
@view_needs("risklog.review_open")
def review_open(request: HttpRequest) -> HttpResponse:
    """Call for a look at something; `?about=R-12` says at what."""
    if request.method != "POST":
        form = OpenForm(user=request.user, initial={"about": request.GET.get("about", "")[:24]})
        return respond(request, "risklog/review_open.html", "form", {"form": form})
    form = OpenForm(request.POST, user=request.user)
    if not form.is_valid():
        return respond(request, "risklog/review_open.html", "form", {"form": form}, status=422)

    def act() -> str:
        said = form.cleaned_data
        review = operations.open_for(
            about=said["about"],
            title=f"Review of {said['about'].reference}: {said['about'].title}",
            kind=said["kind"],
            model=rung_queries.model_of(said["about"]),
            severity=said["severity"],
            why=said["why"],
            by=Actor(request.user, "page"),
            at=clock.now(),
        )
        return reverse("risklog:review_detail", args=[review.reference])

    return toast(request, go(request, once(request, act)), "Review requested")


@require_safe
@view_needs("risklog.review_view")
def review_detail(request: HttpRequest, reference: str) -> HttpResponse:
    return _detail(request, reference)


def _found(request: HttpRequest, reference: str) -> Review:
    return get_object_or_404(queries.for_pages(request.user), subject__reference=reference.upper())


def _detail(
    request: HttpRequest, reference: str, *, status: int = 200, step: str = "", form: Any = None, **extra: Any
) -> HttpResponse:
    at, user = clock.now(), request.user
    rows = with_related(queries.for_pages(user))
    review = get_object_or_404(rows, subject__reference=reference.upper())
    queries.sighted(user, [review])
    mine = next((one for one in review.reviewers.all() if one.user_id == user.pk), None)
    found = queries.evidence(user, review)
    worst = next((one for one in found[1] if one.series_id), None) if found else None
    is_open = review.state == ReviewState.OPEN
    context = {
        "review": review,
        "mine": mine,
        "is_open": is_open,
        "is_late": is_open and review.due_at < at,
        "group": found[0] if found else None,
        "breaches": found[1] if found else [],
        "chart": charts.evidence(user, worst, at=at) if worst else None,
        "missing": _missing(review) if is_open else [],
        "forms": _forms(review, mine, at) | ({step: form} if form else {}),
        "refused": step,
        "may": {step.replace("-", "_"): may(user, name, review) for step, (name, _) in STEPS.items()},
        "timeline": list(timeline_of_related(review.related, review.subject_id).visible_to(user)[:50]),
        "rail": escalation_queries.rail(user, review, at=at),
        **extra,
    }
    return respond(request, "risklog/review_detail.html", None, context, status=status)


def _forms(review: Review, mine: Any, at: Any) -> dict[str, Any]:
    if review.state != ReviewState.OPEN:
        return {"reopen": ReasonForm(auto_id="reopen_%s")}
    said = {"verdict": mine.verdict, "note": mine.note} if mine and mine.answered_at else None
    return {
        "answer": AnswerForm(initial=said),
        "ask": AskForm(review=review, at=at, auto_id="ask_%s"),
        "settle": SettleForm(auto_id="settle_%s"),
        "withdraw": ReasonForm(auto_id="withdraw_%s"),
    }


def _missing(review: Review) -> list[dict[str, str]]:
    """What is missing, each with the address where it can be mended."""
    return [{"text": one["text"], **_mend(one)} for one in queries.still_missing(review)]


def _mend(one: dict[str, Any]) -> dict[str, str]:
    name, asked, label = _MENDS[one["code"]]
    if asked == "series" and not one.get("series"):
        name, asked, label = _SOURCE
    if asked and not one.get(asked):
        return {}
    url = reverse(name, args=[one[asked]] if asked else [])
    return {"url": f"{url}?{urlencode({'name': one['name']})}" if one.get("name") else url, "label": label}


@require_POST
@view_needs("risklog.review_claim")
def review_step(request: HttpRequest, reference: str, step: str) -> HttpResponse:
    """Answer, ask, lead, give back, settle, call off, open again."""
    review = _found(request, reference)
    permission, words = STEPS[step]
    require(request.user, permission, review)
    at = clock.now()
    form = _bound(step, request, review, at)
    if form and not form.is_valid():
        return _detail(request, reference, status=422, step=step, form=form)
    try:
        _take(step, review, form.cleaned_data if form else {}, request, at)
    except ChangedMeanwhile as conflict:
        return _detail(request, reference, status=409, step=step, form=form, conflict=conflict.message)
    except Refused as refusal:
        if form is None:
            return toast(request, go(request, request.path.replace(f"{step}/", "")), refusal.message)
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        return _detail(request, reference, status=422, step=step, form=form)
    url = reverse("risklog:review_detail", args=[review.reference])
    return toast(request, go(request, url), words.format(review.reference))


def _bound(step: str, request: HttpRequest, review: Review, at: Any) -> Any:
    match step:
        case "answer":
            return AnswerForm(request.POST)
        case "ask":
            return AskForm(request.POST, review=review, at=at, auto_id="ask_%s")
        case "settle":
            return SettleForm(request.POST, auto_id="settle_%s")
        case "withdraw" | "reopen":
            return ReasonForm(request.POST, auto_id=f"{step}_%s")
        case _:
            return None


def _take(step: str, review: Review, said: dict[str, Any], request: HttpRequest, at: Any) -> None:
    who: dict[str, Any] = {"by": Actor(request.user, "page"), "at": at}
    match step:
        case "answer":
            people.answer(review, **said, **who)
        case "ask":
            people.ask(review, said["user"], **who)
        case "claim":
            people.claim(review, **who)
        case "give-back":
            people.give_back(review, **who)
        case "settle":
            operations.settle(review, **said, seen=version_of(request), **who)
        case "withdraw":
            operations.withdraw(review, **said, seen=version_of(request), **who)
        case "reopen":
            operations.reopen(review, **said, seen=version_of(request), **who)
