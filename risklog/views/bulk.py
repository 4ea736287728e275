"""The bulk change of risks: select, say what changes, preview, apply, undo. Each step is one POST."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from kit import clock
from kit.refusals import Refused
from kit.rights import view_needs
from lists.specification import BadQuery
from pages.answers import back_to, go, respond, toast
from pages.listing import reader_of
from pages.requests import actor
from people.permissions import SignedInRequest
from risklog.filters import RISKS, live_risks
from risklog.forms.risk_bulk import BulkForm
from risklog.models import Risk
from risklog.models.matrix import present_matrix, read_once
from risklog.operations import risk_bulk, risk_bulk_undo
from risklog.operations.risk_bulk import BulkResult, PlannedRisk
from risklog.states import RiskState

NOTHING = "Select at least one risk."
LABELS = {
    "owner": "Owner",
    "team": "Team",
    "likelihood": "Likelihood",
    "impact": "Impact",
    "review_on": "Next review",
    "tags": "Tags",
    "state": "State",
}


@require_POST
@view_needs("risklog.risk_change")
def risk_bulk_change(request: SignedInRequest) -> HttpResponse:
    """Show the form for the selected risks, then the preview, then apply what can be applied.

    sel: ids of risks; or all=1 with query: all that match the list. step: "", "preview" or "apply".
    """
    query = request.POST.get("query", "")
    back = f"{reverse('risklog:risk_list')}?{query}".rstrip("?")
    try:
        risks = risk_bulk.loaded(_selected(request, query))
    except Refused as refusal:
        return toast(request, go(request, back), refusal.message)
    if not risks:
        return toast(request, go(request, back), NOTHING)
    step = request.POST.get("step", "")
    form = BulkForm(request.POST if step else None, user=request.user)
    context: dict[str, Any] = {"form": form, "risks": risks, "query": query, "back": back, "lines": []}
    status = 200
    if step and form.is_valid():
        try:
            if step == "apply":
                return _apply(request, form, [risk.pk for risk in risks], back)
            context |= _preview(
                risk_bulk.plan(risks, form.change(), by=actor(request), today=clock.now().date())
            )
        except Refused as refusal:
            status = form.refuse(refusal)
    elif step:
        status = 422
    return respond(request, "risklog/risk_bulk_change.html", None, context, status=status)


@read_once()
def _preview(rows: list[PlannedRisk]) -> dict[str, Any]:
    """Return the lines of the preview, and the number of risks of each outcome."""
    result = BulkResult(rows)
    numbers = {name: result.count(name) for name in ("changed", "unchanged", "refused")}
    return {**numbers, "lines": [_line(row) for row in rows]}


def _selected(request: SignedInRequest, query: str) -> QuerySet[Risk]:
    """Return the selected risks that the reader may see. Raises Refused for too many."""
    if request.POST.get("all"):
        try:
            selection = RISKS.read({name: texts for name, texts in QueryDict(query).lists() if any(texts)})
        except BadQuery as error:
            problems = (f"{name}: {message}" for name, message in error.errors.items())
            raise BadRequest(" ".join(problems)) from None
        reader = reader_of(request)
        return RISKS.apply(live_risks(selection, reader), selection, reader)
    ids = [int(text) for text in request.POST.getlist("sel") if text.isascii() and text.isdigit()]
    if len(ids) > risk_bulk.MAX_RISKS:
        raise risk_bulk.too_many()
    return Risk.objects.visible_to(request.user).filter(pk__in=[pk for pk in ids if pk < 2**63])


def _apply(request: SignedInRequest, form: BulkForm, ids: list[int], back: str) -> HttpResponse:
    """Apply the change at the versions that the preview showed, and offer its undo.

    Lead back to the list, or show which risks were refused and why.
    """
    at = clock.now()
    result = risk_bulk.apply(
        Risk.objects.visible_to(request.user).filter(pk__in=ids),
        form.change(),
        by=actor(request),
        at=at,
        seen=_versions(request.POST.getlist("seen")),
    )
    message = f"{_counted(result.count('changed'))} changed"
    undo = ""
    if result.batch:
        address = urlencode({"batch": str(result.batch), "at": at.isoformat()})
        undo = f"{reverse('risklog:risk_bulk_undo')}?{address}"
    if refused := [_line(row) for row in result.rows if row.refusal]:
        message += f", {len(refused)} refused"
        context = {"message": message, "lines": refused, "undo": undo, "back": back}
        return respond(request, "risklog/risk_bulk_result.html", None, context)
    return toast(request, go(request, back), message, undo=undo)


def _versions(texts: list[str]) -> dict[int, int]:
    """Return risk id -> version, from texts such as "17:3"."""
    pairs = [text.split(":") for text in texts]
    return {
        int(pair[0]): int(pair[1])
        for pair in pairs
        if len(pair) == 2 and all(part.isascii() and part.isdigit() for part in pair)
    }


@require_POST
@view_needs("risklog.risk_change")
def risk_bulk_restore(request: SignedInRequest) -> HttpResponse:
    """Undo a bulk change of this person: ?batch= and ?at=, as its toast has them."""
    back = back_to(request, reverse("risklog:risk_list"))
    try:
        batch, done_at = UUID(request.GET.get("batch", "")), datetime.fromisoformat(request.GET.get("at", ""))
    except ValueError:
        raise BadRequest("batch: Use the address of the undo button.") from None
    if done_at.tzinfo is None:
        raise BadRequest("at: Use the address of the undo button.")
    try:
        result = risk_bulk_undo.undo(batch, done_at, by=actor(request), at=clock.now())
    except Refused as refusal:
        return toast(request, go(request, back), refusal.message)
    message = f"{_counted(result.count)} restored"
    return toast(request, go(request, back), message + risk_bulk_undo.told(result))


def _counted(number: int) -> str:
    return f"{number:,} risk{'' if number == 1 else 's'}"


def _line(row: PlannedRisk) -> dict[str, Any]:
    """Return a line of the preview: the risk, its outcome, and (label, current, new) of each change."""
    return {
        "risk": row.risk,
        "outcome": row.outcome,
        "refusal": row.refusal,
        "changes": [
            (LABELS[name], _shown(name, old), _shown(name, new)) for name, (old, new) in row.changes.items()
        ],
    }


def _shown(name: str, value: Any) -> str:
    if value in (None, []):
        return "none"
    if name == "state":
        return str(RiskState(value).label)
    if name in ("likelihood", "impact"):
        matrix = present_matrix()
        names = matrix.likelihoods if name == "likelihood" else matrix.impacts
        return f"{value} {names[value]}"
    return ", ".join(value) if isinstance(value, list) else str(value)
