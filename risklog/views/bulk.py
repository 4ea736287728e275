"""The bulk change of risks: select, say what changes, preview, apply, undo. Each step is one POST."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from history import undo
from kit.rights import view_needs
from pages import bulk
from pages.bulk import BulkPages, Shown
from people.permissions import SignedInRequest
from risklog.filters.risk import RISKS, live_risks
from risklog.forms.risk_bulk import BulkForm
from risklog.models import Risk
from risklog.models.matrix import present_matrix
from risklog.operations import risk_bulk, risk_bulk_undo
from risklog.states import RiskState


def _shown() -> Shown:
    matrix = present_matrix()

    def text(name: str, value: Any) -> str:
        if value in (None, []):
            return "none"
        if name == "state":
            return str(RiskState(value).label)
        if name in ("likelihood", "impact"):
            names = matrix.likelihoods if name == "likelihood" else matrix.impacts
            return f"{value} {names[value]}"
        return ", ".join(value) if isinstance(value, list) else str(value)

    return text


RISK_PAGES = BulkPages(
    noun="risk",
    spec=RISKS,
    live=live_risks,
    urls=("risklog:risk_list", "risklog:risk_bulk_change", "risklog:risk_bulk_undo"),
    visible=Risk.objects.visible_to,
    form=BulkForm,
    load=risk_bulk.loaded,
    plan=risk_bulk.plan,
    apply=risk_bulk.apply,
    undo=risk_bulk_undo.undo,
    undo_text=undo.as_text,
    labels={
        "owner": "Owner",
        "team": "Team",
        "likelihood": "Likelihood",
        "impact": "Impact",
        "review_on": "Next review",
        "tags": "Tags",
        "state": "State",
    },
    shown=_shown,
    seen_by_owner=lambda risk: risk.subject,
)


@require_POST
@view_needs("risklog.risk_change")
def risk_bulk_change(request: SignedInRequest) -> HttpResponse:
    """Show the form for the selected risks, then the preview, then apply what can be applied."""
    return bulk.change(request, RISK_PAGES)


@require_POST
@view_needs("risklog.risk_change")
def risk_bulk_restore(request: SignedInRequest) -> HttpResponse:
    """Undo a bulk change of this person."""
    return bulk.restore(request, RISK_PAGES)
