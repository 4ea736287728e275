"""The page of scoring together, and its acts: start, score, reveal, cancel, take over."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from kit.rights import may, view_needs
from pages import flows
from pages.answers import respond
from pages.forms import PageForm
from people.permissions import SignedInRequest
from risklog.forms.scoring import AgreeForm, CancelScoringForm, ScoreForm, StartScoringForm
from risklog.models import Risk, Score, ScoringRound
from risklog.operations import scoring as operations
from risklog.queries import risk as risks
from risklog.queries import scoring as queries
from risklog.queries.scoring import RoundView
from risklog.states import RiskState, ScoringState


def _risk(request: SignedInRequest, reference: str) -> Risk:
    return get_object_or_404(risks.for_page(request.user), subject__reference=reference.upper())


def _address(risk: Risk) -> str:
    return reverse("risklog:risk_scoring", args=[risk.reference])


@require_safe
@view_needs("risklog.risk_view")
def risk_scoring(request: SignedInRequest, reference: str) -> HttpResponse:
    """Show the latest round of a risk: who has scored, the reader's own score, and after the reveal all."""
    risk = _risk(request, reference)
    view = queries.view_of(request.user, risk)
    return _page(request, risk, view, {}, 200)


def _page(
    request: SignedInRequest,
    risk: Risk,
    view: RoundView | None,
    forms: Mapping[str, PageForm],
    status: int,
) -> HttpResponse:
    """Show the page with the forms that the reader can use. forms: those that were sent, by their name."""
    is_open = view is not None and view.round.state == ScoringState.OPEN
    is_revealed = view is not None and view.round.state == ScoringState.REVEALED
    is_lead = may(request.user, "risklog.scoring_lead", risk) and risk.state != RiskState.CLOSED
    offered: dict[str, PageForm] = {}
    if is_open and view and view.own and may(request.user, "risklog.score_give", risk):
        offered["score"] = ScoreForm(view=view)
    if is_open and is_lead:
        offered["cancel"] = CancelScoringForm()
    if is_revealed and is_lead and view and view.round.agreed_at is None:
        offered["agree"] = AgreeForm(view=view)
    if not is_open and is_lead:
        offered["start"] = StartScoringForm(risk=risk)
    context = {
        "risk": risk,
        "view": view,
        "is_open": is_open,
        "is_revealed": is_revealed,
        "is_lead": is_lead,
        "forms": {**offered, **forms},
    }
    return respond(request, "risklog/risk_scoring.html", None, context, status=status)


@require_POST
@view_needs("risklog.risk_view")
def risk_scoring_step(request: SignedInRequest, reference: str, name: str) -> HttpResponse:
    """Take a step: start, score, reveal, cancel or agree. Each needs its own right."""
    risk = _risk(request, reference)
    step = _STEPS.get(name)
    if step is None:
        raise Http404
    return step(request, risk, queries.view_of(request.user, risk))


def _show(request: SignedInRequest, risk: Risk, view: RoundView | None, name: str) -> flows.Show:
    return lambda form, status: _page(request, risk, view, {name: form}, status)


def _start(request: SignedInRequest, risk: Risk, view: RoundView | None) -> HttpResponse:
    return flows.step(
        request,
        risk,
        StartScoringForm(request.POST, risk=risk),
        permission="risklog.scoring_lead",
        operation=operations.start,
        address=_address(risk),
        show=_show(request, risk, view, "start"),
        message="People are asked to score",
    )


def _score(request: SignedInRequest, risk: Risk, view: RoundView | None) -> HttpResponse:
    def score(own: Score, **act: Any) -> Score:
        return operations.score(risk, **act)

    if view is None or view.own is None:
        raise Http404
    return flows.step(
        request,
        view.own,
        ScoreForm(request.POST, view=view),
        permission="risklog.score_give",
        operation=score,
        address=_address(risk),
        show=_show(request, risk, view, "score"),
        message="Score saved. You can change it until the scores are revealed.",
    )


def _reveal(request: SignedInRequest, risk: Risk, view: RoundView | None) -> HttpResponse:
    def reveal(scoring_round: ScoringRound, **act: Any) -> ScoringRound:
        return operations.reveal(risk, **act)

    if view is None:
        raise Http404
    view.round.risk = risk
    return flows.press(
        request,
        view.round,
        permission="risklog.scoring_lead_of_round",
        operation=reveal,
        address=_address(risk),
        message="Scores revealed",
    )


def _cancel(request: SignedInRequest, risk: Risk, view: RoundView | None) -> HttpResponse:
    def cancel(scoring_round: ScoringRound, **act: Any) -> ScoringRound:
        return operations.cancel(risk, **act)

    if view is None:
        raise Http404
    view.round.risk = risk
    return flows.step(
        request,
        view.round,
        CancelScoringForm(request.POST),
        permission="risklog.scoring_lead_of_round",
        operation=cancel,
        address=_address(risk),
        show=_show(request, risk, view, "cancel"),
        message="Scoring cancelled",
    )


def _agree(request: SignedInRequest, risk: Risk, view: RoundView | None) -> HttpResponse:
    return flows.step(
        request,
        risk,
        AgreeForm(request.POST, view=view),
        permission="risklog.scoring_lead",
        operation=operations.agree,
        address=reverse("risklog:risk_detail", args=[risk.reference]),
        show=_show(request, risk, view, "agree"),
        message="The agreed score is the score of the risk",
    )


_STEPS: Mapping[str, Callable[[SignedInRequest, Risk, RoundView | None], HttpResponse]] = {
    "start": _start,
    "score": _score,
    "reveal": _reveal,
    "cancel": _cancel,
    "agree": _agree,
}
