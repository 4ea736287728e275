"""Change agendas after events of reviews, escalations and models."""

from datetime import date, datetime

from actions.models import Action
from catalogue.queries import change_request as change_queries
from history import operations as history
from history.models import Event
from history.queries import present_data
from history.wiring import handler
from kit.actor import SYSTEM
from kit.prepared import Argument, Prepared
from meetings.models import Tripwire
from meetings.operations import bulk_placement, placement, subject_items, waiting_items
from meetings.queries import agenda as agenda_queries
from meetings.queries.facts import facts_of
from meetings.states import ACCEPTANCE_PROPOSED, DecisionState, Purpose
from risklog.models import Acceptance, Escalation, Review, Risk
from risklog.states import LIVE_RISKS, UNRESOLVED, ReviewState
from signals.models import BreachGroup, Threshold
from signals.states import Agreement

_REVIEW = Prepared(
    lambda: Review.objects.select_related("about", "model", "subject").filter(subject=Argument("subject"))
)


@handler("meetings.agenda.place_review")
def on_review_opened(event: Event, *, at: datetime) -> None:
    """Place an open review on a suitable agenda. Handles events that open a review or change its urgency."""
    review = _REVIEW.first(subject=event.subject_id)
    if review and review.state == ReviewState.OPEN:
        subject_items.place_review(review, at=at, cause=event)


@handler("meetings.agenda.place_escalation")
def on_escalation_started(event: Event, *, at: datetime) -> None:
    """Place the subject of an escalation on the very next meeting. Handles risklog.escalation_started."""
    escalation = (
        Escalation.objects.select_related("about", "subject").filter(subject=event.subject_id).first()
    )
    if escalation and escalation.state in UNRESOLVED:
        subject_items.place_escalated(escalation, at=at, cause=event)


@handler("meetings.agenda.finish_escalated_item")
def on_escalation_resolved(event: Event, *, at: datetime) -> None:
    """Finish the waiting items of a resolved escalation. An item with further reasons stays with those.

    Handles risklog.escalation_resolved.
    """
    escalation = Escalation.objects.filter(subject=event.subject_id).first()
    if escalation is None or escalation.state in UNRESOLVED:
        return
    named = subject_items.escalated_reason(escalation)
    for item in waiting_items.about(escalation.about_id):
        reasons = item.why.split("; ")
        others = [reason for reason in reasons if not reason.startswith(named)]
        if others == reasons:
            continue
        if others:
            values = {"why": "; ".join(others)}
            history.change(item, values, by=SYSTEM, at=at, verb="meetings.item_changed", cause=event)
        else:
            said = f"{escalation.reference} was resolved before the meeting"
            waiting_items.finish(item, said, at=at, cause=event)


@handler("meetings.agenda.place_neglected_risk")
def on_risk_neglected(event: Event, *, at: datetime) -> None:
    """Place a risk that nobody dealt with on a suitable agenda. Handles risklog.risk_neglected."""
    risk = Risk.objects.select_related("subject").filter(subject=event.subject_id).first()
    if risk is None or risk.state not in LIVE_RISKS:
        return
    data, facts = present_data(event), facts_of(risk.subject)
    told_on = date.fromisoformat(data["told_on"])
    placement.place(
        about=risk.subject,
        kind=facts.kind,
        team_id=facts.team_id,
        title=risk.title,
        why=f"{data['label']}, and nothing happened since {told_on:%-d %b %Y}",
        purpose=Purpose.DECIDE,
        rank=placement.Rank.RISK,
        due_at=facts.due_at,
        by=SYSTEM,
        at=at,
        cause=event,
    )


@handler("meetings.agenda.place_threshold")
def on_threshold_proposed(event: Event, *, at: datetime) -> None:
    """Place a threshold with a proposed version. Handles signals.threshold_proposed."""
    threshold = Threshold.objects.select_related("subject").filter(subject=event.subject_id).first()
    if threshold:
        subject_items.place_threshold(threshold, at=at, cause=event)


@handler("meetings.agenda.place_noisy_threshold")
def on_threshold_noisy(event: Event, *, at: datetime) -> None:
    """Place a threshold whose breaches reviewers call false alarms. Handles signals.threshold_noisy."""
    threshold = Threshold.objects.select_related("subject").filter(subject=event.subject_id).first()
    if threshold and threshold.noisy_at:
        note = present_data(event)
        figure = f"{note['noise']} of {note['reviewed']} reviewed breaches in {note['days']} days"
        why = f"{figure} were false alarms"
        subject_items.place_noisy_threshold(threshold, why, at=at, cause=event)


@handler("meetings.agenda.place_missed_retraining")
def on_retraining_missed(event: Event, *, at: datetime) -> None:
    """Place a breach whose requested retraining waits. Handles signals.retraining_missed."""
    rows = BreachGroup.objects.select_related("subject", "retraining__subject")
    group = rows.filter(subject=event.subject_id).first()
    if group and group.retraining and group.retraining.is_open:
        days = present_data(event)["days"]
        why = f"{group.retraining.reference} was requested {days} days ago and waits for its sign-off"
        subject_items.place_missed_retraining(group, why, at=at, cause=event)


@handler("meetings.agenda.finish_threshold_item")
def on_threshold_settled(event: Event, *, at: datetime) -> None:
    """Finish the waiting items of a threshold that has no open proposal and is not noisy.

    Handles signals.threshold_agreed and threshold_declined.
    """
    threshold = Threshold.objects.filter(subject=event.subject_id).first()
    if (
        threshold is None
        or threshold.noisy_at
        or threshold.versions.filter(state=Agreement.PROPOSED).exists()
    ):
        return
    latest = threshold.versions.order_by("-number").first()
    state = latest.get_state_display().lower() if latest else "gone"
    for item in waiting_items.about(event.subject_id):
        waiting_items.finish(item, f"The proposal is {state} since before the meeting", at=at, cause=event)


@handler("meetings.agenda.place_change_request")
def on_change_to_sign(event: Event, *, at: datetime) -> None:
    """Place a change request that waits for its sign-off.

    Handles catalogue.change_request_opened and change_request_reviewed. One in review is on the agenda with
    its review.
    """
    if change := change_queries.to_sign().filter(subject=event.subject_id).first():
        subject_items.place_change(change, at=at, cause=event)


@handler("meetings.agenda.finish_change_item")
def on_change_settled(event: Event, *, at: datetime) -> None:
    """Finish the waiting items of a settled change request.

    Handles catalogue.change_request_signed, change_request_declined and change_request_withdrawn.
    """
    change = change_queries.change_requests().filter(subject=event.subject_id).first()
    if change is None or change.is_open:
        return
    said = f"{change.get_state_display()} before the meeting"
    for item in waiting_items.about(event.subject_id):
        waiting_items.finish(item, said, at=at, cause=event)
    for subject_id in BreachGroup.objects.filter(retraining=change).values_list("subject_id", flat=True):
        for item in waiting_items.about(subject_id):
            if item.title.startswith(subject_items.RETRAINING_WAITS):
                waiting_items.finish(item, said, at=at, cause=event)


@handler("meetings.agenda.place_tripwire")
def on_tripwire_crossed(event: Event, *, at: datetime) -> None:
    """Bring a decision back to a meeting. Handles meetings.tripwire_crossed."""
    rows = Tripwire.objects.select_related("decision__subject", "decision__meeting", "series__subject")
    tripwire = rows.filter(pk=present_data(event)["tripwire"]).first()
    if tripwire and tripwire.decision.state == DecisionState.IN_FORCE:
        subject_items.place_tripwire(tripwire, at=at, cause=event)


@handler("meetings.agenda.place_acceptance")
def on_acceptance_proposed(event: Event, *, at: datetime) -> None:
    """Place a risk that somebody proposed to accept. Handles risklog.acceptance_proposed."""
    rows = agenda_queries.proposed_acceptances()
    if proposal := rows.filter(risk__subject=event.subject_id).first():
        subject_items.place_acceptance(proposal, at=at, cause=event)


@handler("meetings.agenda.finish_acceptance_item")
def on_acceptance_settled(event: Event, *, at: datetime) -> None:
    """Finish the items that were made for a settled acceptance, also those that were carried over.

    An item with further reasons stays with those.

    Handles risklog.risk_accepted, acceptance_declined and acceptance_withdrawn.
    """
    if agenda_queries.proposed_acceptances().filter(risk__subject=event.subject_id).exists():
        return
    settled = Acceptance.objects.filter(risk__subject=event.subject_id).order_by("-id").first()
    if settled is None:
        return
    for item in waiting_items.about(event.subject_id):
        own, others = _split(item.why)
        # Items from before the column `acceptance` have only their text.
        if item.acceptance_id is not None or own == 0:
            state = settled.get_state_display().lower()
            waiting_items.finish(item, f"The acceptance was {state} before the meeting", at=at, cause=event)
        elif own > 0:
            values = {"why": others}
            history.change(item, values, by=SYSTEM, at=at, verb="meetings.item_changed", cause=event)


def _split(why: str) -> tuple[int, str]:
    """Return the position of the reason that names a proposed acceptance (-1 without one), and the others."""
    reasons = why.split("; ")
    own = [part.startswith(ACCEPTANCE_PROPOSED) for part in reasons]
    others = "; ".join(part for part, is_own in zip(reasons, own, strict=True) if not is_own)
    return own.index(True) if True in own else -1, others


_BLOCKED = "Blocked for "


@handler("meetings.agenda.place_blocked_action")
def on_action_raised(event: Event, *, at: datetime) -> None:
    """Place an action whose long block was raised to a sponsor on the very next meeting."""
    rows = Action.objects.select_related("subject", "owner", "raised_to")
    action = rows.filter(subject_id=event.subject_id).first()
    if action is None or action.raised_to is None:
        return  # without a sponsor it is escalated, which places it
    facts = facts_of(action.subject)
    teams = action.owner.team_ids if action.owner else ()
    placement.place(
        about=action.subject,
        kind=facts.kind,
        team_id=facts.team_id or next(iter(teams), None),
        title=action.title,
        why=f"Raised to {action.raised_to.name}: {action.get_blocker_display().lower()}, {action.blocked_by}",
        purpose=Purpose.DECIDE,
        urgent_reason=f"{_BLOCKED}{present_data(event)['days']} working days",
        by=SYSTEM,
        at=at,
        cause=event,
    )


@handler("meetings.agenda.finish_blocked_item")
def on_action_unblocked(event: Event, *, at: datetime) -> None:
    """Finish the waiting item of an action that is no longer blocked. Handles action_started and put_back."""
    action = Action.objects.filter(subject_id=event.subject_id).first()
    if action is None or action.raised_at:
        return
    for item in waiting_items.about(event.subject_id):
        if _BLOCKED in item.why:
            waiting_items.finish(item, "No longer blocked", at=at, cause=event)


@handler("meetings.agenda.finish_review_item")
def on_review_settled(event: Event, *, at: datetime) -> None:
    """Finish the waiting items of a review that is settled before the meeting.

    Handles risklog.review_settled and review_withdrawn.
    """
    review = Review.objects.filter(subject=event.subject_id).first()
    if review is None or review.state == ReviewState.OPEN:
        return
    for item in waiting_items.about(event.subject_id):
        waiting_items.finish(item, f"{review.get_state_display()} before the meeting", at=at, cause=event)


@handler("meetings.agenda.place_waiting")
def on_model_changed(event: Event, *, at: datetime) -> None:
    """Place waiting subjects: the model may have an owner team now. Handles catalogue.model_changed."""
    bulk_placement.place_waiting(at=at)
