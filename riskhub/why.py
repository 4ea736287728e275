"""Why something is as it is: each *Why* link leads to the decision or the event behind it.

The answer is looked up when the link is followed, so a page with many links asks nothing more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from catalogue.queries import decision_right as rights
from history.models import Event, Part, Recorded, Subject
from history.queries import visible_or_none
from kit import kinds
from kit.rights import may, view_needs
from meetings.models import Decision
from people.models import User
from people.permissions import SignedInRequest
from risklog.models import Appetite, Category
from risklog.queries import acceptance as acceptances
from signals.models import Mute, ThresholdVersion


@dataclass(frozen=True, slots=True)
class Explained:
    """What a *Why* link asks about.

    row: the explained row, such as a threshold version. on: the object whose timeline has the events of the
    row. because: the decision or other object that is the reason, None without one. verbs: of the events that
    set the row.
    """

    row: Recorded | Part
    on: Subject
    because: Subject | None
    verbs: tuple[str, ...]


def _threshold(user: User, pk: int) -> Explained:
    rows = ThresholdVersion.objects.visible_to(user).select_related("threshold__subject", "agreed_in")
    version = get_object_or_404(rows, pk=pk)
    verbs = ("signals.threshold_agreed", "signals.external_rule_noted", "signals.threshold_proposed")
    return Explained(version, version.threshold.subject, version.agreed_in, verbs)


def _mute(user: User, pk: int) -> Explained:
    mute = get_object_or_404(Mute.objects.visible_to(user).select_related("threshold__subject"), pk=pk)
    return Explained(mute, mute.threshold.subject, None, ("signals.threshold_muted",))


def _right(user: User, pk: int) -> Explained:
    right = get_object_or_404(rights.decision_rights().visible_to(user), pk=pk)
    verbs = ("catalogue.decision_right_assigned", "catalogue.decision_right_changed")
    return Explained(right, right.subject, right.because, verbs)


def _acceptance(user: User, pk: int) -> Explained:
    acceptance = get_object_or_404(acceptances.acceptances(user), pk=pk)
    logged = Decision.objects.filter(acceptance=acceptance).select_related("subject").first()
    verbs = ("risklog.risk_accepted", "risklog.acceptance_declined", "risklog.acceptance_proposed")
    return Explained(acceptance, acceptance.risk.subject, logged.subject if logged else None, verbs)


def _appetite(user: User, pk: int) -> Explained:
    rows = Appetite.objects.visible_to(user).select_related("subject", "because")
    appetite = get_object_or_404(rows, pk=pk)
    verbs = ("risklog.appetite_added", "risklog.appetite_changed")
    return Explained(appetite, appetite.subject, appetite.because, verbs)


def _merge(user: User, pk: int) -> Explained:
    rows = Category.objects.visible_to(user).select_related("subject", "because")
    category = get_object_or_404(rows, pk=pk, merged_into__isnull=False)
    return Explained(category, category.subject, category.because, ("risklog.category_retired",))


_LARGEST_ID = 2**63 - 1  # of a bigint
EXPLAINED: dict[str, Callable[[User, int], Explained]] = {
    "threshold": _threshold,
    "mute": _mute,
    "right": _right,
    "acceptance": _acceptance,
    "appetite": _appetite,
    "merge": _merge,
}


@require_safe
@view_needs("people.signed_in")
def why(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    """Redirect to the decision behind something, or to the event that set it if no visible decision did.

    kind: a key of EXPLAINED. pk: of a threshold version, a mute, a decision right, an acceptance, an
    appetite, or a category that was merged.
    """
    if kind not in EXPLAINED or pk > _LARGEST_ID:
        raise Http404
    explained = EXPLAINED[kind](request.user, pk)
    if not _may_read(request.user, explained.on):
        raise Http404
    basis = visible_or_none(request.user, explained.because)
    address = kinds.url_of(basis) if basis and _may_read(request.user, basis) else ""
    return HttpResponseRedirect(address or _event_address(explained))


def _may_read(user: User, subject: Subject) -> bool:
    kind = kinds.find(subject.kind)
    return kind is not None and may(user, kind.permission)


def _event_address(explained: Explained) -> str:
    """Return the address of the latest event that set the row, on the timeline of its object."""
    row: dict[str, Any] = {"model": explained.row._meta.label_lower, "pk": explained.row.pk}
    events = Event.objects.filter(subject=explained.on, verb__in=explained.verbs, data__rows__contains=[row])
    event = events.order_by("-at", "-id").values_list("pk", flat=True).first()
    page = kinds.url_of(explained.on)
    return f"{page}?event={event}#event-{event}" if event else page
