"""Put incidents and their post-incident reviews on agendas, and finish their items."""

from datetime import datetime

from django.db.models import Q

from history.models import Event
from history.wiring import handler
from incidents.models import Incident, Postmortem
from incidents.models.postmortem import CAN_FINISH, WAITS
from kit.actor import SYSTEM
from meetings.operations import placement, waiting_items
from meetings.queries.facts import facts_of
from meetings.states import Purpose


@handler("meetings.agenda.place_incident")
def on_incident_declared(event: Event, *, at: datetime) -> None:
    """Place a critical or high incident that is ongoing on the very next agenda.

    Handles incidents.incident_declared, incident_changed and incident_reopened.
    """
    incident = Incident.objects.select_related("subject").filter(subject=event.subject_id).first()
    if incident is None or not incident.is_ongoing:
        return
    facts = facts_of(incident.subject)
    if not facts.urgent_reason:
        return
    placement.place(
        about=incident.subject,
        kind=facts.kind,
        team_id=facts.team_id,
        title=incident.title,
        urgent_reason=facts.urgent_reason.capitalize(),
        purpose=Purpose.INFORM,
        by=SYSTEM,
        at=at,
        cause=event,
    )


@handler("meetings.agenda.finish_incident_item")
def on_incident_over(event: Event, *, at: datetime) -> None:
    """Finish the waiting items of an incident that is over: its review is discussed instead.

    Handles incidents.incident_resolved and incident_withdrawn.
    """
    incident = Incident.objects.filter(subject=event.subject_id).first()
    if incident is None or incident.is_ongoing:
        return
    said = f"{incident.get_state_display()} before the meeting"
    for item in waiting_items.about(event.subject_id):
        waiting_items.finish(item, said, at=at, cause=event)


@handler("meetings.agenda.place_postmortem")
def on_postmortem_opened(event: Event, *, at: datetime) -> None:
    """Place the post-incident review on the agenda of a suitable meeting, in time for its due date."""
    _place_review(Q(subject=event.subject_id), event, at=at)


@handler("meetings.agenda.place_postmortem_again")
def on_incident_resolved(event: Event, *, at: datetime) -> None:
    """Place the review of an incident that came back and is resolved again."""
    _place_review(Q(incident__subject=event.subject_id), event, at=at)


@handler("meetings.agenda.pause_postmortem_item")
def on_incident_reopened(event: Event, *, at: datetime) -> None:
    """Finish the waiting items of the review of an incident that came back."""
    postmortem = Postmortem.objects.filter(WAITS, incident__subject=event.subject_id).first()
    if postmortem is None:
        return
    for item in waiting_items.about(postmortem.subject_id):
        waiting_items.finish(item, "The incident was reopened before the meeting", at=at, cause=event)


def _place_review(which: Q, event: Event, *, at: datetime) -> None:
    """Place an open review whose incident is resolved."""
    rows = Postmortem.objects.select_related("subject", "incident")
    postmortem = rows.filter(CAN_FINISH).filter(which).first()
    if postmortem is None:
        return
    facts = facts_of(postmortem.subject)
    placement.place(
        about=postmortem.subject,
        kind=facts.kind,
        team_id=facts.team_id,
        title=postmortem.subject_title,
        why="Which risk should have caught it, and what follows",
        urgent_reason=facts.urgent_reason,
        due_at=facts.due_at,
        purpose=Purpose.DISCUSS,
        minutes=15,
        by=SYSTEM,
        at=at,
        cause=event,
    )


@handler("meetings.agenda.finish_postmortem_item")
def on_postmortem_finished(event: Event, *, at: datetime) -> None:
    """Finish the waiting items of a review that is done before the meeting."""
    postmortem = Postmortem.objects.filter(subject=event.subject_id).first()
    if postmortem is None or postmortem.is_open:
        return
    for item in waiting_items.about(event.subject_id):
        waiting_items.finish(item, "Done before the meeting", at=at, cause=event)
