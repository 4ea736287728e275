"""The decision log, one decision, and a decision taken outside a meeting."""

from typing import Any

from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from actions.queries import of_subject
from history.models import Subject
from history.queries import timeline
from kit import clock
from kit.rights import may, require, view_needs
from meetings.forms import DecisionForm
from meetings.operations import decision as decisions
from meetings.queries import decision as decision_queries
from meetings.queries.live import open_review
from meetings.states import DecisionState
from meetings.views.saving import by, save
from pages.answers import respond
from pages.once import once
from pages.requests import page_of
from people import queries as people


@require_safe
@view_needs("meetings.decision_see")
def decision_list(request: HttpRequest) -> HttpResponse:
    """Newest first; in force or replaced; by words of the decision or its reason."""
    rows = decision_queries.decisions(request.user)
    state, words = request.GET.get("state", ""), request.GET.get("q", "").strip()[:100]
    if state in DecisionState.values:
        rows = rows.filter(state=state)
    if words:
        rows = decision_queries.saying(rows, words)
    page = page_of(rows, ("-decided_at", "-id"), request)
    decision_queries.sighted(request.user, page.rows)
    context = {
        "page": page,
        "state": state,
        "q": words,
        "states": DecisionState.choices,
        "may_decide": may(request.user, "meetings.decision_take"),
    }
    return respond(request, "meetings/decision_list.html", "rows", context)


@require_safe
@view_needs("meetings.decision_see")
def decision_detail(request: HttpRequest, reference: str) -> HttpResponse:
    decision = get_object_or_404(
        decision_queries.decisions(request.user), subject__reference=reference.upper()
    )
    decision_queries.sighted(request.user, [decision])
    context = {
        "decision": decision,
        "panel": of_subject(request.user, decision),
        "timeline": list(timeline(decision.subject_id).visible_to(request.user)[:50]),
    }
    return respond(request, "meetings/decision_detail.html", None, context)


@require_http_methods(["GET", "POST"])
@view_needs("meetings.decision_take")
def decision_create(request: HttpRequest) -> HttpResponse:
    """A decision outside a meeting, about the subject ?about= names by its reference.

    One that is not there, or not for this reader, is a 404; typed into the form it is a field to mend.
    """
    require(request.user, "meetings.decision_take")
    wanted = (request.POST.get("about") or request.GET.get("about", "")).strip().upper()
    found = Subject.objects.visible_to(request.user).filter(reference=wanted) if wanted else None
    about = found.first() if found is not None else None
    if wanted and about is None and request.method != "POST":
        raise Http404
    review = open_review(about)
    if request.method != "POST":
        return _form(request, DecisionForm(people=people.people(), review=review), about)
    form = DecisionForm(request.POST, people=people.people(), review=review)

    def decide(said: dict[str, Any]) -> str:
        def made() -> str:
            decision = decisions.record(
                text=said["text"],
                reason=said["reason"],
                about=about,
                actions=form.actions(),
                no_action_reason=said["no_action_reason"],
                settles=said["settles"],
                by=by(request),
                at=clock.now(),
            )
            return reverse("meetings:decision_detail", args=[decision.reference])

        return once(request, made)

    if wanted and about is None:
        form.add_error(None, f"{wanted[:24]} was not found. Use a reference such as R-12, or leave it blank.")
    return save(
        request,
        form,
        decide,
        said="Decision recorded",
        again=lambda f, status: _form(request, f, about, wanted[:24], status=status),
    )


def _form(
    request: HttpRequest, form: Form, about: Subject | None, wanted: str = "", *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "about": about, "wanted": wanted}
    return respond(request, "meetings/decision_form.html", "form", context, status=status)
