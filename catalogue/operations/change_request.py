"""Write change requests: open, change, sign off, decline, withdraw, and check the effect."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction

from catalogue import events
from catalogue.models import ChangeRequest, Model
from catalogue.models.change_request import MAX_TITLE
from catalogue.states import (
    FULL_REVIEW_TIERS,
    ChangeKind,
    ChangeRoute,
    ChangeState,
    EffectResult,
)
from history import operations as history
from history.models import Due, Event
from history.operations import Placement
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from people import queries as people
from people.models import User

EFFECT_DUE = "catalogue.effect_due"
UNREVIEWED = "catalogue.emergency_unreviewed"
# An emergency change that nobody signed off is reminded of after this time, again and again.
CHASED_AFTER = timedelta(days=2)
# An announced window mutes the crossings of its model, so it cannot be without end.
LONGEST_WINDOW = timedelta(days=7)
CHANGEABLE = frozenset(
    {"title", "details", "risk", "rollback", "effect", "effect_on", "window_from", "window_until"}
)


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """What a change request says: its risk, the way back, and the effect with the date of its check.

    window_from, window_until: the announced window, which a deployment needs.
    """

    details: str = ""
    risk: str = ""
    rollback: str = ""
    effect: str = ""
    effect_on: date | None = None
    window_from: datetime | None = None
    window_until: datetime | None = None


@transaction.atomic
def open(
    *,
    model: Model,
    title: str,
    by: Actor,
    at: datetime,
    kind: str = ChangeKind.MODEL_CHANGE,
    plan: ChangePlan | None = None,
    is_emergency: bool = False,
    cause: Event | None = None,
) -> ChangeRequest:
    """Open a change request of a model.

    The tier of the model chooses the route: a full review for tiers 1 and 2 and without a tier, the fast lane
    for the others. An emergency is possible at once and is signed off afterwards. The rollback plan may be
    added later; nobody can sign off without it. Raises Refused with the name of the field.
    """
    if kind not in ChangeKind.values:
        raise Refused(f"Use one of {', '.join(ChangeKind.values)}.", field="kind")
    request = ChangeRequest(
        model=model,
        kind=kind,
        title=_title(title),
        **_texts_and_dates(plan or ChangePlan()),
        route=_route(model, is_emergency=is_emergency),
        opened_by=User.objects.filter(subject=by.subject_id).first() if by.subject_id else None,
        opened_at=at,
    )
    _check_dates(request)
    history.record(
        request,
        "catalogue.change_request_opened",
        by=by,
        at=at,
        cause=cause,
        placed=Placement(parent=model.subject_id),
    )
    if is_emergency:
        history.put_due(UNREVIEWED, request.subject_id, "1", at + CHASED_AFTER)
    return request


@transaction.atomic
def change(
    request: ChangeRequest, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> ChangeRequest:
    """Change fields of CHANGEABLE while nobody signed off. Raises Refused, IllegalMove, ChangedMeanwhile."""
    if unknown := set(values) - CHANGEABLE:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    if not request.is_open:
        raise IllegalMove("This request is settled. Open a new one.", field="state")
    given = {name: text.strip() if isinstance(text, str) else text for name, text in values.items()}
    if "title" in given:
        given["title"] = _title(given["title"])
    fields = ("kind", "effect_on", "window_from", "window_until", "opened_at")
    _check_dates(ChangeRequest(**{name: given.get(name, getattr(request, name)) for name in fields}))
    history.change(request, given, by=by, at=at, seen=seen)
    if "title" in given:
        history.retitle(request)
    return request


@transaction.atomic
def sign(
    request: ChangeRequest, *, by: Actor, at: datetime, note: str = "", seen: int | None = None
) -> ChangeRequest:
    """Sign off a request. The permission catalogue.change_sign says who may.

    A request of the full route needs a settled review first, and every request a rollback plan.
    Raises Refused, IllegalMove, ChangedMeanwhile.
    """
    if request.waits_for_review:
        raise Refused("Its review is not settled yet. Settle the review first.")
    if request.is_open and not request.rollback:
        raise Refused("It has no rollback plan. Edit the request and add one.")
    _settle(
        request, ChangeState.SIGNED, events.ChangeRequestSigned(text=note.strip()), by=by, at=at, seen=seen
    )
    if request.effect_on and request.effect:
        moment = datetime.combine(request.effect_on, time(9), people.zone_of(None))
        history.put_due(EFFECT_DUE, request.subject_id, request.effect_on.isoformat(), moment)
    return request


@transaction.atomic
def decline(
    request: ChangeRequest, *, reason: str, by: Actor, at: datetime, seen: int | None = None
) -> ChangeRequest:
    """Decline a request, with the reason. Raises Refused(field="reason"), IllegalMove, ChangedMeanwhile."""
    payload = events.ChangeRequestDeclined(text=_reason(reason))
    return _settle(request, ChangeState.DECLINED, payload, by=by, at=at, seen=seen)


@transaction.atomic
def withdraw(
    request: ChangeRequest, *, reason: str, by: Actor, at: datetime, seen: int | None = None
) -> ChangeRequest:
    """Withdraw a request, with the reason. Raises Refused(field="reason"), IllegalMove, ChangedMeanwhile."""
    payload = events.ChangeRequestWithdrawn(text=_reason(reason))
    return _settle(request, ChangeState.WITHDRAWN, payload, by=by, at=at, seen=seen)


@transaction.atomic
def check_effect(
    request: ChangeRequest, *, result: str, by: Actor, at: datetime, note: str = "", seen: int | None = None
) -> ChangeRequest:
    """Record whether a signed change had its expected effect.

    Raises Refused, IllegalMove, ChangedMeanwhile.
    """
    if request.state != ChangeState.SIGNED:
        raise IllegalMove("Only the effect of a signed request can be checked.", field="state")
    if result not in EffectResult.values:
        raise Refused(f"Use one of {', '.join(EffectResult.values)}.", field="result")
    values = {"effect_result": result, "effect_note": note.strip()}
    history.change(request, values, by=by, at=at, seen=seen, verb="catalogue.change_effect_checked")
    history.drop_dues(request.subject_id, EFFECT_DUE)
    return request


@transaction.atomic
def note_reviewed(request: ChangeRequest, *, by: Actor, at: datetime, cause: Event | None = None) -> None:
    """Record that the review of an open request is settled, so that it can be signed off. Idempotent."""
    if request.waits_for_review:
        verb = "catalogue.change_request_reviewed"
        history.change(request, {"reviewed_at": at}, by=by, at=at, verb=verb, cause=cause)


@transaction.atomic
def note_review_withdrawn(
    request: ChangeRequest, *, by: Actor, at: datetime, cause: Event | None = None
) -> None:
    """Tell that a request of the full route waits for a review that was withdrawn."""
    if request.waits_for_review:
        history.record(request, "catalogue.change_review_withdrawn", by=by, at=at, cause=cause)


def note_effect_due(due: Due, *, at: datetime) -> None:
    """Ask for the check of the effect on its date. Does nothing if it was checked before."""
    request = ChangeRequest.objects.select_related("subject").filter(subject=due.subject_id).first()
    if request and request.waits_for_effect:
        history.record(request, "catalogue.change_effect_due", by=SYSTEM, at=at)


@transaction.atomic
def chase(due: Due, *, at: datetime) -> None:
    """Remind of an emergency change that nobody signed off, and plan the next reminder."""
    request = ChangeRequest.objects.select_related("subject").filter(subject=due.subject_id).first()
    if request is None or not request.is_open:
        return
    history.record(request, "catalogue.change_request_chased", by=SYSTEM, at=at)
    history.put_due(UNREVIEWED, request.subject_id, str(int(due.occurrence) + 1), at + CHASED_AFTER)


def _settle(
    request: ChangeRequest, to: ChangeState, payload: Any, *, by: Actor, at: datetime, seen: int | None
) -> ChangeRequest:
    person = User.objects.filter(subject=by.subject_id).first() if by.subject_id else None
    values = {"settled_by": person, "settled_at": at}
    history.move(request, to, by=by, at=at, seen=seen, values=values, payload=payload)
    history.drop_dues(request.subject_id, UNREVIEWED)
    return request


def _texts_and_dates(plan: ChangePlan) -> dict[str, Any]:
    values = asdict(plan)
    return {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}


def _route(model: Model, *, is_emergency: bool) -> ChangeRoute:
    if is_emergency:
        return ChangeRoute.EMERGENCY
    return ChangeRoute.FULL if model.tier in FULL_REVIEW_TIERS else ChangeRoute.FAST


def _check_dates(request: ChangeRequest) -> None:
    """Raise Refused for a window or a date of the check that cannot be."""
    start, end = request.window_from, request.window_until
    if request.kind == ChangeKind.DEPLOYMENT and not (start and end):
        missing = "window_until" if start else "window_from"
        raise Refused("A deployment needs a window: enter its start and its end.", field=missing)
    if bool(start) != bool(end):
        raise Refused("Enter both the start and the end of the window.", field="window_until")
    if start and end and end <= start:
        raise Refused("The window must end after it starts.", field="window_until")
    if start and end and end - start > LONGEST_WINDOW:
        raise Refused(f"A window lasts at most {LONGEST_WINDOW.days} days.", field="window_until")
    if start and end and end <= request.opened_at and request.route != ChangeRoute.EMERGENCY:
        raise Refused(
            "The window is over. Use a later one, or open an emergency change for what was done already.",
            field="window_until",
        )
    if request.effect_on and request.effect_on < request.opened_at.astimezone(people.zone_of(None)).date():
        raise Refused("The effect cannot be checked before the request. Use a later date.", field="effect_on")


def _title(text: str) -> str:
    if not text.strip():
        raise Refused("Enter what changes.", field="title")
    if len(text.strip()) > MAX_TITLE:
        raise Refused(f"Use at most {MAX_TITLE} characters.", field="title")
    return text.strip()


def _reason(text: str) -> str:
    if not text.strip():
        raise Refused("Enter the reason.", field="reason")
    return text.strip()
