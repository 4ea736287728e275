"""The recipients of events about meetings and decisions: person id -> reason shown to them."""

from actions.models import Action
from history.models import Event
from history.queries import changed_fields, present_data
from history.recipients import everyone
from meetings.models import Decision, Meeting, MeetingSeries
from meetings.queries import series as series_queries
from risklog.queries import rung

# The fields of a series that say when it meets.
WHEN = ("rrule", "time_zone", "first_on", "starts_at", "length_minutes")


def facilitator(event: Event) -> dict[int, str]:
    """Return the facilitator of the meeting."""
    rows = Meeting.objects.filter(subject_id=event.subject_id)
    return everyone(rows.values_list("facilitator_id", flat=True), "You facilitate the meeting")


def stand_in(event: Event) -> dict[int, str]:
    """Return the stand-in of the meeting."""
    rows = Meeting.objects.filter(subject_id=event.subject_id)
    return everyone(rows.values_list("stand_in_id", flat=True), "You are the stand-in facilitator")


def turn_changed(event: Event) -> dict[int, str]:
    """Return the former and the new facilitator of a meeting whose facilitator changed.

    When one act changes many turns, a person is notified once, about the first of them.
    """
    recipients = _of_turn(event)
    if event.batch is None or not recipients:
        return recipients
    others = Event.objects.filter(batch=event.batch, verb=event.verb).exclude(pk=event.pk).order_by("pk")
    several: set[int] = set()
    for other in others:
        affected = recipients.keys() & _of_turn(other).keys()
        if other.pk < event.pk:
            recipients = {pk: reason for pk, reason in recipients.items() if pk not in affected}
        several |= affected
    return {
        pk: "Several of your turns as facilitator changed" if pk in several else reason
        for pk, reason in recipients.items()
    }


def _of_turn(event: Event) -> dict[int, str]:
    """Return the former and the new facilitator whom the changes of one event name."""
    found: dict[int, str] = {}
    for row in present_data(event).get("rows", ()):
        before, after = row["changes"].get("facilitator_id", (None, None))
        found |= everyone([before], "You were the facilitator")
        found |= everyone([after], "You are the new facilitator")
    return found


def participants_of_series(event: Event) -> dict[int, str]:
    """Return the participants of the series if its schedule changed or it is retired.

    This notification stands for all its meetings.
    """
    series = MeetingSeries.objects.filter(subject_id=event.subject_id).first()
    if series is None or not changed_fields(event) & {*WHEN, "is_retired"}:
        return {}
    people = series_queries.participants(series).values_list("pk", flat=True)
    return everyone(people, "You are a participant")


def participants(event: Event) -> dict[int, str]:
    """Return the participants and the facilitator of the meeting.

    Return nobody if a change of the series caused the event: participants_of_series() notifies them.
    """
    if event.cause and event.cause.verb in ("meetings.series_changed", "meetings.series_retired"):
        return {}
    meeting = Meeting.objects.select_related("series").filter(subject_id=event.subject_id).first()
    if meeting is None:
        return {}
    people = series_queries.participants(meeting.series).values_list("pk", flat=True)
    return everyone(people, "You are a participant") | everyone(
        [meeting.facilitator_id], "You facilitate the meeting"
    )


def owners_of_actions(event: Event) -> dict[int, str]:
    """Return the owners of the actions of a decision."""
    rows = Action.objects.filter(origin_id=event.subject_id, owner__isnull=False)
    return everyone(rows.values_list("owner_id", flat=True), "You own an action of this decision")


def owner_and_lead(event: Event) -> dict[int, str]:
    """Return the owner of the object of the decision, and the lead of its team."""
    decision = Decision.objects.select_related("about").filter(subject_id=event.subject_id).first()
    if decision is None or decision.about is None:
        return {}
    parties = rung.concerned(decision.about)
    lead = parties.team.lead_id if parties.team else None
    return everyone([parties.owner, lead], "It is about an object that you own")
