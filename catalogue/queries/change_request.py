"""Queries of change requests, and who must sign them."""

from dataclasses import dataclass

from django.db.models import Case, Q, When

from catalogue.models import ChangeRequest, Model
from catalogue.queries.decision_right import Decider, able_holders, decider
from catalogue.states import ChangeRoute, ChangeState, RightKind
from history.models import RecordedQuerySet
from kit.sight import Visitor
from people.models import User
from people.states import Role

PANEL_SIZE = 5


def change_requests() -> RecordedQuerySet[ChangeRequest]:
    """Return all change requests with what a row needs. Callers add `.visible_to(user)`."""
    return ChangeRequest.objects.select_related(
        "subject", "model__subject", "model__owner_team__lead", "opened_by__subject", "settled_by__subject"
    )


def to_sign() -> RecordedQuerySet[ChangeRequest]:
    """Return the open change requests that wait for nothing but their sign-off, the oldest first."""
    in_review = Q(route=ChangeRoute.FULL, reviewed_at__isnull=True)
    return change_requests().filter(~in_review, state=ChangeState.OPEN).order_by("id")


def signer_of(request: ChangeRequest) -> Decider:
    """Return who holds the right to sign a request. One query."""
    return decider(RightKind(request.kind), model=request.model)


def set_signer(request: ChangeRequest) -> ChangeRequest:
    """Set what the permission to sign reads: `signer` and `able_signers`. One or two queries."""
    request.signer = signer_of(request)
    able = able_holders(request.signer)
    request.able_signers = [person for person in able if person.pk != request.opened_by_id]
    return request


def signers(request: ChangeRequest) -> list[User]:
    """Return the active people who may sign a request. The permission catalogue.change_sign agrees with it.

    These are the holders of the right, without viewers and without who opened the request. If there are none,
    they are the risk managers. Without a right, nobody signs.
    """
    set_signer(request)
    if not request.is_signed_by_managers:
        return request.able_signers
    managers = User.objects.active().filter(role__in=(Role.RISK_MANAGER, Role.ADMINISTRATOR))
    return list(managers.exclude(pk=request.opened_by_id))


@dataclass(frozen=True, slots=True)
class ChangesPanel:
    """The open and latest change requests of a model, at most PANEL_SIZE, open ones first."""

    rows: list[ChangeRequest]
    model: Model


def panel_of_model(user: Visitor, model: Model) -> ChangesPanel:
    rows = change_requests().visible_to(user).filter(model=model)
    is_open = Case(When(state=ChangeState.OPEN, then=0), default=1)
    return ChangesPanel(list(rows.order_by(is_open, "-id")[:PANEL_SIZE]), model)
