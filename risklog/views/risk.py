"""The pages of one risk: create it, show it, edit it, and choose who may see it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions import queries as actions
from history.queries import with_related
from kit import clock
from kit.refusals import Refused
from kit.rights import may, view_needs
from pages import flows
from pages.answers import go, respond, toast
from pages.listing import reader_of
from pages.requests import actor
from pages.sight import change_sight
from people import queries as people
from people.models import User
from people.permissions import SignedInRequest
from people.queries.restriction import offered_teams
from risklog.forms.risk import EditRiskForm, NewRiskForm, RiskSightForm
from risklog.forms.risk_of_pattern import RiskOfPatternForm
from risklog.models import Risk
from risklog.models.appetite import appetite_of
from risklog.models.matrix import present_matrix
from risklog.operations import risk as operations
from risklog.operations.risk_from_pattern import add_from_pattern
from risklog.queries import acceptance as acceptances
from risklog.queries import duplicate as duplicates
from risklog.queries import escalation as escalations
from risklog.queries import evidence as source_evidence
from risklog.queries import experiment_panel as experiments
from risklog.queries import review as reviews
from risklog.queries import risk as queries
from risklog.queries import scoring as scoring_rounds
from risklog.queries.neighbours import neighbours
from risklog.states import AcceptanceState, RiskState
from risklog.views import origin
from risklog.views.charts import evidence
from risklog.views.step import ONWARD, steps_for, undo_address
from signals.models import BreachGroup


def address_of(risk: Risk) -> str:
    return reverse("risklog:risk_detail", args=[risk.reference])


def _risk(request: SignedInRequest, reference: str) -> Risk:
    return get_object_or_404(queries.for_page(request.user), subject__reference=reference.upper())


def _in_list(request: SignedInRequest, risk: Risk) -> dict[str, Any]:
    """Return what the page shows of the list that the reader came from."""
    came_from = origin.origin(request)
    beside = neighbours(risk, came_from, reader_of(request)) if came_from else None
    return {"came_from": came_from, "beside": beside, "origin": origin.suffix(came_from)}


def _named(user: User, risk: Risk, breach_rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the risk refers to, as far as the reader may see it, with the evidence of its breach."""
    linked = {"model": risk.model, "breach": risk.breach_group, "merged_into": risk.merged_into}
    named: dict[str, Any] = {
        name: row if row and row.subject.is_visible_to(user) else None for name, row in linked.items()
    }
    breach = named["breach"]
    return {**named, "source": source_evidence.present(breach, breach_rows) if breach else None}


@require_safe
@view_needs("risklog.risk_view")
def risk_detail(request: SignedInRequest, reference: str) -> HttpResponse:
    user, at = request.user, clock.now()
    rows = queries.for_page(user).select_related("model__owner_team")
    rows = rows.annotate(
        open_to=people.teams_named("subject__viewers"),
        acceptance_rows=acceptances.of_each_risk(),
        duplicates=duplicates.of_each_risk(user),
        breach_rows=source_evidence.of_each_risk(),
        scoring_rounds=scoring_rounds.of_each_risk(user),
        experiment_rows=experiments.of_each_risk(user),
        appetite_id=appetite_of("pk"),
    )
    risk = get_object_or_404(
        with_related(rows, "breach_group__subject_id"), subject__reference=reference.upper()
    )
    may_change = may(user, "risklog.risk_change", risk)
    accepted = acceptances.read(risk, risk.acceptance_rows)
    proposal = next((one for one in accepted if one.state == AcceptanceState.PROPOSED), None)
    context = {
        "risk": risk,
        **_in_list(request, risk),
        "chart": evidence(user, risk, at=at),
        **_named(user, risk, risk.breach_rows),
        "teams": risk.open_to,
        "may_change": may_change,
        "steps": steps_for(user, risk, proposal),
        "experiments": experiments.of_risk(user, risk, risk.experiment_rows),
        "acceptances": accepted,
        "proposal": proposal,
        "acceptance": next((one for one in accepted if one.state == AcceptanceState.ACCEPTED), None),
        "onward": ONWARD[RiskState(risk.state)],
        "is_review_due": bool(risk.review_on and risk.review_on <= clock.today()),
        "panel": actions.of_subjects(user, risk.related, new_for=risk.reference),
        "reviews": reviews.of_subject(user, risk),
        "escalation": escalations.rail(user, risk, at=at),
        "may_lead_scoring": may(user, "risklog.scoring_lead", risk),
        "may_raise": may(user, "risklog.escalation_raise"),
        "likelihoods": (matrix := present_matrix()).likelihoods.items(),
        "impacts": matrix.impacts.items(),
    }
    return respond(request, "risklog/risk_detail.html", None, context)


@require_safe
@view_needs("risklog.risk_view")
def risk_peek(request: SignedInRequest, reference: str) -> HttpResponse:
    """Show what matters about a risk, beside the list."""
    risk = _risk(request, reference)
    context = {
        "risk": risk,
        "model": risk.model if risk.model and risk.model.subject.is_visible_to(request.user) else None,
        "origin": origin.suffix(origin.origin(request)),
        "may_change": may(request.user, "risklog.risk_change", risk),
    }
    return respond(request, "risklog/risk_peek.html", "peek", context)


@require_http_methods(["GET", "POST"])
@view_needs("risklog.risk_add")
def risk_new(request: SignedInRequest) -> HttpResponse:
    """Create a risk with the few fields of NewRiskForm. ?title=, ?model= and ?category= fill them in."""
    initial = {name: request.GET.get(name) for name in ("title", "model", "category")}
    return flows.create(
        request,
        NewRiskForm(request.POST or None, user=request.user, initial=initial),
        operation=operations.add,
        address=address_of,
        show=flows.form_page(request, "risklog/risk_new.html"),
        message="Risk created. Thank you for reporting it.",
    )


@require_POST
@view_needs("risklog.risk_add")
def risk_from_breach(request: SignedInRequest, reference: str) -> HttpResponse:
    """Create a risk from a breach, or open the live risk that the breach has."""
    rows = BreachGroup.objects.visible_to(request.user).select_related(
        "subject", "model__subject", "model__owner_team"
    )
    group = get_object_or_404(rows, subject__reference=reference.upper())
    is_new = duplicates.live_of_group(group, request.user) is None
    try:
        risk = operations.add_from_breach(group, by=actor(request), at=clock.now())
    except Refused as refusal:
        return toast(request, go(request, reverse("risklog:risk_new")), refusal.message)
    return toast(request, go(request, address_of(risk)), _made_from_evidence(risk, is_new=is_new))


@require_POST
@view_needs("risklog.risk_add")
def risk_from_pattern(request: SignedInRequest) -> HttpResponse:
    """Create a risk from a pattern of breaches, or open the live risk that the pattern has."""
    form = RiskOfPatternForm(request.POST)
    if not form.is_valid():
        return toast(request, go(request, reverse("signals:pattern_list")), "Choose a pattern of this page.")
    try:
        asked = form.cleaned_data
        risk, is_new = add_from_pattern(
            asked["pattern"], days=asked["days"], by=actor(request), at=clock.now()
        )
    except Refused as refusal:
        return toast(request, go(request, reverse("signals:pattern_list")), refusal.message)
    return toast(request, go(request, address_of(risk)), _made_from_evidence(risk, is_new=is_new))


def _made_from_evidence(risk: Risk, *, is_new: bool) -> str:
    if is_new:
        return f"{risk.reference} created from the evidence. Please check it."
    return f"{risk.reference} exists already. Please check it."


@require_http_methods(["GET", "POST"])
@view_needs("risklog.risk_change")
def risk_edit(request: SignedInRequest, reference: str) -> HttpResponse:
    """Edit a risk. A POST with some of the fields, as its side panel sends, changes only those."""
    risk = _risk(request, reference)
    only = tuple(name for name in operations.CHANGEABLE if name in request.POST) or operations.CHANGEABLE
    data = request.POST if request.method == "POST" else None
    return flows.edit(
        request,
        risk,
        EditRiskForm(data, risk=risk, user=request.user, only=only),
        permission="risklog.risk_change",
        operation=operations.change,
        address=origin.address_of(request, risk),
        show=flows.form_page(
            request, "risklog/risk_edit.html", risk=risk, is_whole=only == operations.CHANGEABLE
        ),
        # The undo of a few values restores them all; that of the whole form would leave its texts.
        undo="" if only == operations.CHANGEABLE else lambda: undo_address(risk),
    )


@require_http_methods(["GET", "POST"])
@view_needs("risklog.risk_change")
def risk_sight(request: SignedInRequest, reference: str) -> HttpResponse:
    """Choose who may see the risk: everyone or some teams. The user may lose access by that."""
    risk = _risk(request, reference)
    data = request.POST if request.method == "POST" else None

    return change_sight(
        request,
        risk,
        RiskSightForm.of(risk, data, teams=offered_teams(risk)),
        permission="risklog.risk_change",
        operation=operations.restrict,
        page_url=address_of(risk),
        list_url=reverse("risklog:risk_list"),
    )
