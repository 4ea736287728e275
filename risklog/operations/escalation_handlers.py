"""What the events of actions, reviews and risks do to escalations: start one, or resolve it."""

from datetime import datetime

from actions.models import Action
from history import operations as history
from history.models import Event
from history.queries import present_data
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from risklog.models import Escalation, Review, Risk
from risklog.operations import climb
from risklog.operations.escalation import resolve, start
from risklog.queries import availability
from risklog.queries import review as review_queries
from risklog.queries.concerned import concerned
from risklog.states import Severity


@handler("risklog.escalation.start_for_overdue_action")
@history.in_one_transaction
def on_action_overdue(event: Event, *, at: datetime) -> None:
    """Escalate an overdue action, unless its due date or its owner changed since the event."""
    action = Action.objects.select_related("subject", "about").filter(subject_id=event.subject_id).first()
    if not action or not action.is_unfinished:
        return
    payload = present_data(event)
    if payload.get("due_on", str(action.due_on)) != str(action.due_on):
        return  # the action has a new due date
    if (payload.get("owner") or action.owner_id) != action.owner_id:
        return  # the new owner has a working day to act
    start(
        about=action.subject,
        title=f"Overdue: {action.title}",
        why=f"{action.reference} was due on {action.due_on:%d %b %Y} and is not done."
        if action.due_on
        else f"{action.reference} is not done.",
        severity=Severity.WARNING,
        team=concerned(action.subject).team,
        by=SYSTEM,
        at=at,
        cause=event,
    )


@handler("risklog.escalation.resolve_with_action")
def on_action_settled(event: Event, *, at: datetime) -> None:
    """Resolve the escalation of an action that is done or dropped."""
    action = Action.objects.filter(subject_id=event.subject_id).first()
    if action and not action.is_unfinished:
        _resolve_about(event, f"{action.reference} is {action.get_state_display().lower()}.", at=at)


@handler("risklog.escalation.resolve_after_action_change")
@history.in_one_transaction
def on_action_changed(event: Event, *, at: datetime) -> None:
    """Resolve the escalation of an overdue action that gets a new due date or a new owner."""
    action = Action.objects.select_related("owner").filter(subject_id=event.subject_id).first()
    if action:
        is_handed_over = event.verb == "actions.action_assigned"
        resolve_if_planned_anew(action, is_handed_over=is_handed_over, at=at, cause=event)


@history.in_one_transaction
def resolve_if_planned_anew(
    action: Action, *, is_handed_over: bool, at: datetime, cause: Event, by: Actor = SYSTEM
) -> None:
    """Resolve the escalation of an overdue action that has a new due date, or another owner since `cause`.

    An escalation that was also raised for another reason stays open. If the new owner does not act until the
    end of their next working day, the action is overdue again and a new escalation starts with them.
    """
    escalation = climb.lock(about_id=action.subject_id)
    if not (escalation and action.is_unfinished and escalation.started_at <= cause.at):
        return
    if not is_only_for(escalation, "actions.action_overdue"):
        return
    if action.due_on and action.due_on >= availability.day_of(at):
        reason = f"New due date: {action.due_on:%-d %b %Y}."
    elif is_handed_over and action.owner:
        reason = f"It is now assigned to {action.owner.name}, who has one working day."
    else:
        return
    resolve(escalation, reason=reason, by=by, at=at, cause=cause)


@handler("risklog.escalation.start_for_blocked_action")
@history.in_one_transaction
def on_action_raised(event: Event, *, at: datetime) -> None:
    """Escalate an action whose long block was raised while no sponsor is known."""
    action = Action.objects.select_related("subject", "about").filter(subject_id=event.subject_id).first()
    if not action or not action.raised_at or action.raised_to_id:
        return
    start(
        about=action.subject,
        title=f"Blocked: {action.title}",
        why=f"{action.reference} has been blocked for {present_data(event)['days']} working days: "
        f"{action.blocked_by}.",
        severity=Severity.WARNING,
        team=concerned(action.subject).team,
        by=SYSTEM,
        at=at,
        cause=event,
    )


@handler("risklog.escalation.resolve_with_block")
@history.in_one_transaction
def on_action_unblocked(event: Event, *, at: datetime) -> None:
    """Resolve the escalation of a block that ended, unless it was also raised for another reason."""
    action = Action.objects.filter(subject_id=event.subject_id).first()
    if action is None or action.raised_at or not action.is_unfinished:
        return
    escalation = climb.lock(about_id=event.subject_id)
    if escalation and is_only_for(escalation, "actions.action_raised"):
        reason = f"{action.reference} is no longer blocked."
        resolve(escalation, reason=reason, by=SYSTEM, at=at, cause=event)


def is_only_for(escalation: Escalation, verb: str) -> bool:
    """Return True if only events of this verb triggered the escalation, and no person did."""
    started = Event.objects.filter(subject=escalation.subject_id, verb="risklog.escalation_started")
    annotated = Event.objects.filter(subject=escalation.subject_id, verb="risklog.escalation_annotated")
    return started.filter(cause__verb=verb).exists() and not annotated.exclude(cause__verb=verb).exists()


@handler("risklog.escalation.resolve_with_review")
def on_review_settled(event: Event, *, at: datetime) -> None:
    """Resolve the escalation of a review that is settled or withdrawn."""
    _resolve_about(event, "The review is closed.", at=at)


@handler("risklog.escalation.resolve_when_all_answered")
@history.in_one_transaction
def on_review_answered(event: Event, *, at: datetime) -> None:
    """Resolve the escalation of a review that everyone has answered. The meeting then settles the review."""
    resolve_if_answered(event.subject_id, at=at, cause=event)


@history.in_one_transaction
def resolve_if_answered(review_id: int, *, at: datetime, cause: Event) -> None:
    """Resolve the escalation of an unanswered review if no answer is missing any more and at least one came.

    An escalation that was also raised for another reason stays open. review_id: the id of the subject.
    """
    escalation = climb.lock(about_id=review_id)
    review = Review.objects.get(subject_id=review_id)
    is_answered = review.reviewers.filter(answered_at__isnull=False).exists()
    if not escalation or not is_answered or review_queries.awaited(review, at=at):
        return
    if escalation.started_at <= cause.at and is_only_for(escalation, "risklog.review_unanswered"):
        resolve(escalation, reason="All reviewers have answered.", by=SYSTEM, at=at, cause=cause)


@handler("risklog.escalation.start_for_missing_plan")
@history.in_one_transaction
def on_plan_overdue(event: Event, *, at: datetime) -> None:
    """Escalate a risk above its appetite whose plan is overdue, unless it has one by now."""
    rows = Risk.objects.select_related("subject", "team", "category")
    risk = rows.filter(subject_id=event.subject_id, plan_due_on__isnull=False).first()
    if risk is None or str(risk.plan_due_on) != present_data(event)["due_on"]:
        return
    start(
        about=risk.subject,
        title=f"No treatment plan: {risk.title}",
        why=f"The score of {risk.reference} is {risk.severity}, above the appetite. A plan was due on "
        f"{risk.plan_due_on:%-d %b %Y}.",
        severity=Severity.WARNING,
        team=risk.team,
        category=risk.category,
        by=SYSTEM,
        at=at,
        cause=event,
    )


@handler("risklog.escalation.resolve_with_plan")
@history.in_one_transaction
def on_plan_settled(event: Event, *, at: datetime) -> None:
    """Resolve the escalation of a missing plan. One that was also raised for another reason stays open."""
    escalation = climb.lock(about_id=event.subject_id)
    risk = Risk.objects.filter(subject_id=event.subject_id, plan_due_on__isnull=True).first()
    if escalation and risk and is_only_for(escalation, "risklog.plan_overdue"):
        resolve(escalation, reason="The risk has a plan, or needs none.", by=SYSTEM, at=at, cause=event)


@handler("risklog.escalation.resolve_with_risk")
def on_risk_closed(event: Event, *, at: datetime) -> None:
    """Resolve the escalation of a closed risk."""
    _resolve_about(event, "The risk is closed.", at=at)


@history.in_one_transaction
def _resolve_about(event: Event, reason: str, *, at: datetime) -> None:
    escalation = climb.lock(about_id=event.subject_id)
    if escalation and escalation.started_at <= event.at:
        resolve(escalation, reason=reason, by=SYSTEM, at=at, cause=event)
