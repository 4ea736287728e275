"""The pages of decisions: the log, one decision, and a new decision outside a meeting."""

from dataclasses import replace
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions.queries import of_subject
from history.models import Subject
from kit import clock
from kit.rights import may, require, view_needs
from lists.specification import Reader
from meetings.filters import DECISION_LIST, DECISIONS
from meetings.forms.decision import DecisionForm
from meetings.forms.live import CompletionForm
from meetings.models import Decision
from meetings.operations import completion
from meetings.operations import decision as decisions
from meetings.queries import decision as queries
from meetings.queries import effect as effects
from meetings.queries import metrics
from meetings.queries import tripwire as tripwires
from meetings.queries.decision_export import DECISION_EXPORT
from meetings.queries.item_evidence import open_review
from meetings.states import MeetingState
from meetings.views.meeting import live_address_of
from pages import flows
from pages.answers import go, respond, toast
from pages.exporting import export_addresses, send_export
from pages.flows import form_page
from pages.listing import Chip, Listing, listing, selection_of
from people import queries as people
from people.permissions import SignedInRequest
from risklog.queries.metric import metrics_about
from saved import queries as saved

# The filters with a menu on the page; the other active ones are chips.
_MENUS = frozenset({"q", "kind", "state", "effect", "outcome", "tripwire", "since", "until"})


def address_of(decision: Decision) -> str:
    return reverse("meetings:decision_detail", args=[decision.reference])


@require_safe
@view_needs("meetings.decision_view")
def decision_list(request: SignedInRequest) -> HttpResponse:
    """The log, latest first."""
    asked = selection_of(request, DECISIONS)
    selection = asked.in_order("-decided_at")
    shown = listing(request, DECISIONS, queries.decisions(request.user), selection=selection)
    queries.with_shown_about(request.user, shown.page.rows)
    context = {
        "listing": shown,
        "page": shown.page,
        **saved.page_context(DECISION_LIST, request.user, asked),
        "chips": [_chip(chip, shown) for chip in shown.chips if chip.name not in _MENUS],
        "exports": export_addresses(reverse("meetings:decision_export"), selection),
        "may_decide": may(request.user, "meetings.decision_take"),
    }
    return respond(request, "meetings/decision_list.html", "log", context)


def _chip(chip: Chip, shown: Listing) -> Chip:
    """Return a chip with the name of a person instead of the number in the address."""
    names = DECISIONS.names_of(chip.name, shown.selection, shown.user)
    if names is None:
        return chip
    labels = ", ".join(name or "unknown" for name in names.values())
    return replace(chip, label=f"{DECISIONS.filters[chip.name].label}: {labels}")


@require_safe
@view_needs("meetings.decision_view")
def decision_export(request: SignedInRequest) -> StreamingHttpResponse:
    """Send all decisions of the filtered log, in its order, as a file: ?format=csv, xlsx or json."""
    return send_export(request, DECISION_EXPORT, lambda selection, reader: _visible(reader))


def _visible(reader: Reader) -> QuerySet[Decision]:
    return Decision.objects.visible_to(reader.user)


@require_safe
@view_needs("meetings.decision_view")
def decision_detail(request: SignedInRequest, reference: str) -> HttpResponse:
    decision = get_object_or_404(queries.decisions(request.user), subject__reference=reference.upper())
    queries.with_shown_about(request.user, [decision])
    decision.shown_tripwires = tripwires.of_decisions(request.user, [decision])[decision.pk]
    context = {
        "decision": decision,
        "panel": of_subject(request.user, decision),
        "figures": metrics.figures(request.user, decision, clock.now()),
        "asks_at": queries.asks_at(decision),
        "may_answer": may(request.user, "meetings.outcome_answer", decision),
        "may_replace": may(request.user, "meetings.decision_replace", decision),
    }
    return respond(request, "meetings/decision_detail.html", None, context)


@require_http_methods(["GET", "POST"])
@view_needs("meetings.decision_take")
def decision_create(request: SignedInRequest) -> HttpResponse:
    """Record a decision outside a meeting. ?about= is the reference of its subject.

    ?replaces= is the reference of an earlier decision that it replaces. A reference that is missing or
    invisible is a 404 in the address and an error in the form.
    """
    replaces = _replaced(request)
    reference = (request.POST.get("about") or request.GET.get("about", "")).strip().upper()[:24]
    about = (
        Subject.objects.visible_to(request.user).filter(reference=reference).first() if reference else None
    )
    is_missing = bool(reference) and about is None
    if is_missing and request.method != "POST":
        raise Http404
    form = form_about(request, about, request.POST or None)
    if is_missing:
        form.add_error(None, f"{reference} was not found. Use a reference such as R-12, or leave it blank.")
    return flows.create(
        request,
        form,
        operation=partial(decisions.record, about=about, replaces=replaces),
        address=address_of,
        show=form_page(
            request, "meetings/decision_form.html", about=about, reference=reference, replaces=replaces
        ),
        message="Decision recorded",
    )


def form_about(
    request: SignedInRequest, about: Subject | None, data: Any = None, draft: str = ""
) -> DecisionForm:
    """Return the form of a decision about a subject, with the effects and the metrics that fit it."""
    return DecisionForm(
        data,
        people=people.owners(),
        about=about,
        review=open_review(about),
        offers=effects.offers(request.user, about, at=clock.now()),
        metrics=metrics_about(request.user, about),
        draft=draft,
    )


def _replaced(request: SignedInRequest) -> Decision | None:
    """Return the decision that the new one replaces, None without one. Raises Http404, PermissionDenied."""
    reference = (request.POST.get("replaces") or request.GET.get("replaces", "")).strip().upper()[:24]
    if not reference:
        return None
    found = get_object_or_404(queries.decisions(request.user), subject__reference=reference)
    require(request.user, "meetings.decision_replace", found)
    return found


@require_POST
@view_needs("meetings.decision_replace")
def decision_complete(request: SignedInRequest, reference: str) -> HttpResponse:
    """Add what a decision of a live meeting lacks: its reason, or why no action is needed."""
    rows = queries.decisions(request.user)
    decision = get_object_or_404(rows, subject__reference=reference.upper())
    address = address_of(decision)
    if decision.meeting and decision.meeting.state == MeetingState.LIVE:
        address = live_address_of(decision.meeting)
    return flows.step(
        request,
        decision,
        CompletionForm(request.POST),
        permission="meetings.decision_replace",
        operation=completion.complete,
        address=address,
        show=lambda form, status: toast(request, go(request, address), form.first_error),
        message="Saved",
    )
