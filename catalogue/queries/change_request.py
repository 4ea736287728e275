"""Queries of change requests, and who must sign them."""

from collections.abc import Iterable, Sequence
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
MAX_NAMES = 5


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
    """Set what the permission to sign reads: `signer`, `able_signers`, `managers`. One to three queries."""
    request.signer = signer_of(request)
    request.able_signers = _who_may(able_holders(request.signer), request)
    request.managers = []
    if request.is_signed_by_managers:
        rows = User.objects.active().filter(role__in=(Role.RISK_MANAGER, Role.ADMINISTRATOR))
        request.managers = _who_may(rows.with_sight().order_by("pk"), request)
    return request


def _who_may(people_: Iterable[User], request: ChangeRequest) -> list[User]:
    """Return those who did not open the request and may see it."""
    others = [person for person in people_ if person.pk != request.opened_by_id]
    if request.subject.viewers is None:
        return others
    return [person for person in others if request.subject.is_visible_to(person)]


def signers(request: ChangeRequest) -> list[User]:
    """Return the active people who may sign a request. The permission catalogue.change_sign agrees with it.

    These are the holders of the right, without viewers, without who opened the request and without who may
    not see it. If there are none, they are the risk managers and administrators. Without a right, nobody
    signs.
    """
    set_signer(request)
    return request.able_signers or request.managers


@dataclass(frozen=True, slots=True)
class SignOff:
    """Who may sign a request, and in words why these. is_stuck: nobody may, and the text says what helps."""

    people: list[User]
    text: str
    is_stuck: bool = False

    @property
    def names(self) -> str:
        """Return the names of those who may sign, "" if nobody may now."""
        return _names(self.people)


def sign_off(request: ChangeRequest) -> SignOff:
    """Return who may sign a request after set_signer(), nobody while it cannot be signed. No query."""
    if not request.is_open:
        return SignOff([], "It is decided, so nobody signs it any more.")
    decider = request.signer
    if decider.right is None:
        text = "Nobody holds this decision right. Ask a risk manager to assign it."
        return SignOff([], text, is_stuck=True)
    if request.waits_for_review and (request.able_signers or request.managers):
        return SignOff(
            [], "It can be signed off when its review is settled. Without an open review, request one."
        )
    if request.able_signers:
        return SignOff(request.able_signers, f"Waits for {decider.name} to sign off.")
    reason = _why_managers(request, decider)
    if not request.managers:
        text = (
            f"{reason} Nobody signs what they opened, and no other risk manager or administrator can see it. "
            "Ask an administrator to make somebody a risk manager, or assign the right to somebody else."
        )
        return SignOff([], text, is_stuck=True)
    return SignOff(request.managers, f"{reason} Who may: {_names(request.managers)}.")


def _why_managers(request: ChangeRequest, decider: Decider) -> str:
    """Return why no holder of the right can sign, so that risk managers and administrators do."""
    person = decider.person
    if decider.is_of_function and decider.right is not None:
        return f"Waits for a risk manager to sign off: nobody else of {decider.right.function} can sign."
    if person is None and decider.team:
        return "The owner team has no lead, so a risk manager signs."
    if person is None:
        return "The model has no owner team, so a risk manager signs."
    did = "opened it" if person.pk == request.opened_by_id else "can no longer sign"
    return f"Waits for a risk manager to sign off: {person.name}, who holds the right, {did}."


def _names(people_: Sequence[User]) -> str:
    """Return the names of a few people, and how many more there are."""
    shown = ", ".join(person.name for person in people_[:MAX_NAMES])
    more = len(people_) - MAX_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


@dataclass(frozen=True, slots=True)
class ChangesPanel:
    """The open and latest change requests of a model, at most PANEL_SIZE, open ones first."""

    rows: list[ChangeRequest]
    model: Model


def panel_of_model(user: Visitor, model: Model) -> ChangesPanel:
    rows = change_requests().visible_to(user).filter(model=model)
    is_open = Case(When(state=ChangeState.OPEN, then=0), default=1)
    return ChangesPanel(list(rows.order_by(is_open, "-id")[:PANEL_SIZE]), model)
