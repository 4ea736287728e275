"""Change agendas after events of reviews, escalations and models."""

from datetime import date, datetime

from history import operations as history
from history.models import Event
from history.queries import present_data
from history.wiring import handler
from kit.actor import SYSTEM
from kit.prepared import Argument, Prepared
from meetings.models import AgendaItem
from meetings.operations import completion, placement
from meetings.queries.facts import facts_of
from meetings.states import TO_COME, ItemOutcome, ItemState, Purpose
from risklog.models import Escalation, Review, Risk
from risklog.states import LIVE_RISKS, UNRESOLVED, ReviewState

_REVIEW = Prepared(
    lambda: Review.objects.select_related("about", "model", "subject").filter(subject=Argument("subject"))
)


@handler("meetings.agenda.place_review")
def on_review_opened(event: Event, *, at: datetime) -> None:
    """Place an open review on a suitable agenda. Handles events that open a review or change its urgency."""
    review = _REVIEW.first(subject=event.subject_id)
    if review and review.state == ReviewState.OPEN:
        placement.place_review(review, at=at, cause=event)


@handler("meetings.agenda.place_escalation")
def on_escalation_started(event: Event, *, at: datetime) -> None:
    """Place the subject of an escalation on the very next meeting. Handles risklog.escalation_started."""
    escalation = (
        Escalation.objects.select_related("about", "subject").filter(subject=event.subject_id).first()
    )
    if escalation and escalation.state in UNRESOLVED:
        placement.place_escalated(escalation, at=at, cause=event)


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


@handler("meetings.agenda.finish_review_item")
def on_review_settled(event: Event, *, at: datetime) -> None:
    """Finish the waiting items of a review that is settled before the meeting.

    Handles risklog.review_settled and review_withdrawn.
    """
    review = Review.objects.filter(subject=event.subject_id).first()
    if review is None or review.state == ReviewState.OPEN:
        return
    waiting = AgendaItem.objects.filter(
        about=event.subject_id,
        state__in=[ItemState.WAITING, ItemState.BACKLOG],
        meeting__state__in=TO_COME,
    ).select_related("meeting")
    for item in waiting:
        settled: dict[str, str] = {"outcome": completion.outcome_of(item)}
        if settled["outcome"] == ItemOutcome.NO_CHANGE:
            settled["why"] = f"{review.get_state_display()} before the meeting"
        history.move(item, ItemState.DONE, by=SYSTEM, at=at, values=settled, cause=event)


@handler("meetings.agenda.place_waiting")
def on_model_changed(event: Event, *, at: datetime) -> None:
    """Place waiting subjects: the model may have an owner team now. Handles catalogue.model_changed."""
    placement.place_waiting(at=at)
