"""Put incidents and their post-incident reviews on agendas, and finish their items."""

import re
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from history import operations as history
from history.models import Event
from history.queries import changed_fields
from history.wiring import handler
from incidents.models import Incident, Postmortem
from incidents.models.postmortem import CAN_FINISH, WAITS
from incidents.states import IncidentSeverity
from kit.actor import SYSTEM
from meetings.operations import placement, waiting_items
from meetings.queries.facts import Facts, facts_of
from meetings.states import Purpose


@handler("meetings.agenda.place_incident")
def on_incident_declared(event: Event, *, at: datetime) -> None:
    """Place a critical or high incident that is ongoing on the very next agenda.

    Handles incidents.incident_declared, incident_changed and incident_reopened.
    """
    incident = Incident.objects.select_related("subject").filter(subject=event.subject_id).first()
    if incident is None:
        return
    facts = facts_of(incident.subject)
    if incident.is_ongoing and facts.urgent_reason:
        _place_incident(incident, facts, event, at=at)
    if "severity" in changed_fields(event):
        _restate(incident, facts, event, at=at)


def _place_incident(incident: Incident, facts: Facts, event: Event, *, at: datetime) -> None:
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


# The parts of a reason that name the severity of an incident.
_OF_SEVERITY = re.compile(rf"({'|'.join(IncidentSeverity.labels)}) incident(, so it .*)?", re.IGNORECASE)


def _restate(incident: Incident, facts: Facts, event: Event, *, at: datetime) -> None:
    """Name the new severity in the waiting items of an incident and of its review."""
    reviews = Postmortem.objects.filter(incident=incident).values_list("subject_id", flat=True)
    severity = f"{incident.get_severity_display().lower()} incident"
    for subject_id in (incident.subject_id, *reviews):
        for item in waiting_items.about(subject_id):
            parts = [_restated(part, severity, bool(facts.urgent_reason)) for part in item.why.split("; ")]
            why = "; ".join(parts)[:300]
            if why != item.why:
                verb = "meetings.item_changed"
                history.change(item, {"why": why}, by=SYSTEM, at=at, verb=verb, cause=event)


def _restated(part: str, severity: str, is_urgent: bool) -> str:
    """Return a part of a reason with the new severity, if it names one."""
    found = _OF_SEVERITY.fullmatch(part)
    if found is None:
        return part
    text = severity + (found[2] or "" if is_urgent else "")
    return text.capitalize() if part[0].isupper() else text


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


def finish_where_waiting(*, at: datetime, limit: int = 100) -> int:
    """Finish the waiting items of reviews that wait, where an earlier release left them. Returns how many."""
    reviews = Postmortem.objects.filter(WAITS).values("subject")
    open_items = waiting_items.rows().filter(about__in=reviews)
    return sum(_finish_one(pk, at=at) for pk in list(open_items.values_list("pk", flat=True)[:limit]))


@transaction.atomic
def _finish_one(pk: int, *, at: datetime) -> bool:
    """Finish the item of a review that waits, unless its incident was resolved meanwhile."""
    item = waiting_items.rows().select_for_update(of=("self",)).filter(pk=pk).first()
    waits = item and Postmortem.objects.filter(WAITS, subject=item.about_id).exists()
    if item is None or not waits:
        return False
    waiting_items.finish(item, "The incident is not resolved", at=at, cause=None)
    return True


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
