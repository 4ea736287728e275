"""The recipients of events about meetings and decisions: person id -> reason shown to them."""

from django.db.models import QuerySet

from actions.models import Action
from history.models import Event
from history.queries import changed_fields, later_than, present_data
from history.recipients import everyone
from meetings.models import Decision, Meeting, MeetingSeries, Swap
from meetings.queries import series as series_queries
from meetings.states import WHAT_CALENDARS_SHOW
from risklog.queries.concerned import concerned

# The fields of turns, in the order in which a reason replaces another one.
_TASKS = (("observer_id", "observer"), ("scribe_id", "scribe"), ("facilitator_id", "facilitator"))


def facilitator(event: Event) -> dict[int, str]:
    """Return the facilitator of the meeting."""
    rows = _told(event)
    return everyone(rows.values_list("facilitator_id", flat=True), "You facilitate the meeting")


def next_facilitator(event: Event) -> dict[int, str]:
    """Return who gets the open follow-ups of a closed meeting."""
    rows = Meeting.objects.filter(subject_id=event.subject_id)
    return everyone(rows.values_list("handed_to_id", flat=True), "You facilitate next: take the follow-ups")


def stand_in(event: Event) -> dict[int, str]:
    """Return the stand-in of the meeting."""
    rows = _told(event)
    return everyone(rows.values_list("stand_in_id", flat=True), "You are the stand-in facilitator")


def scribe(event: Event) -> dict[int, str]:
    """Return the scribe of the meeting."""
    rows = _told(event)
    return everyone(rows.values_list("scribe_id", flat=True), "You are the scribe")


def observer(event: Event) -> dict[int, str]:
    """Return the observer of the meeting."""
    return everyone(_told(event).values_list("observer_id", flat=True), "You are the observer")


def former_observer(event: Event) -> dict[int, str]:
    """Return the person whose invitation to observe the meeting is cancelled."""
    return everyone([present_data(event)["observer"]], "You do not observe the meeting any more")


def _told(event: Event) -> QuerySet[Meeting]:
    """Return the meeting of an event, unless its series is a draft, which tells nobody."""
    return Meeting.objects.filter(subject_id=event.subject_id, series__is_draft=False)


def asked_to_swap(event: Event) -> dict[int, str]:
    """Return the person who is asked to take a turn."""
    return everyone(_swaps(event).values_list("asked_id", flat=True), "You are asked to swap turns")


def who_asked_to_swap(event: Event) -> dict[int, str]:
    """Return the person who asked a colleague to take a turn."""
    return everyone(_swaps(event).values_list("asked_by_id", flat=True), "You asked to swap turns")


def _swaps(event: Event) -> QuerySet[Swap]:
    ids = [row["pk"] for row in event.data.get("rows", ()) if row["model"] == "meetings.swap"]
    return Swap.objects.filter(pk__in=ids)


def turn_changed(event: Event) -> dict[int, str]:
    """Return the former and the new facilitator, scribe and observer of a meeting, if they changed.

    When one act changes many turns, a person is notified once, about the first of them. An accepted swap
    notifies people itself.
    """
    if event.cause and event.cause.verb == "meetings.swap_accepted":
        return {}
    if not _told(event).exists():
        return {}
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
        pk: "Several of your turns changed" if pk in several else reason for pk, reason in recipients.items()
    }


def _of_turn(event: Event) -> dict[int, str]:
    """Return the former and the new facilitator, scribe and observer whom the changes of one event name.

    Observers whose invitation it cancels, and those it invites, are told by the events that do so.
    """
    found: dict[int, str] = {}
    for row in present_data(event).get("rows", ()):
        invited = row["changes"].get("invited_observer_id", (None, None))
        for field, name in _TASKS:
            before, after = row["changes"].get(field, (None, None))
            if field == "observer_id":
                before, after = (one if one not in invited else None for one in (before, after))
            found |= everyone([before], f"You were the {name}")
            found |= everyone([after], f"You are the new {name}")
    return found


def participants_of_series(event: Event) -> dict[int, str]:
    """Return the participants of a series that begins or is retired, or whose schedule or place changed.

    This notification stands for all its meetings. Who joined by it or later is invited instead.
    """
    series = MeetingSeries.objects.filter(subject_id=event.subject_id, is_draft=False).first()
    if series is None or not changed_fields(event) & {*WHAT_CALENDARS_SHOW, "is_retired", "is_draft"}:
        return {}
    if any(row["changes"].get("is_draft", ())[1:] == [True] for row in event.data["rows"]):
        return {}  # it was added as a draft; its publication tells them
    joined = Event.objects.filter(
        later_than(event), subject=event.subject_id, verb="meetings.participants_joined"
    )
    invited = {pk for other in joined for pk in present_data(other)["people"]}
    people = series_queries.participants(series).exclude(pk__in=invited)
    return everyone(people.values_list("pk", flat=True), "You are a participant")


def participants(event: Event) -> dict[int, str]:
    """Return the participants, the observer and the facilitator of the meeting.

    If a change of the series caused the event, participants_of_series() notifies the participants. Then
    return only the observer, if they have got their invitation, else nobody.
    """
    meeting = Meeting.objects.select_related("series").filter(subject_id=event.subject_id).first()
    if meeting is None or meeting.series.is_draft:
        return {}
    is_of_series = event.cause and event.cause.verb in ("meetings.series_changed", "meetings.series_retired")
    has_no_minutes = meeting.series.is_check_in and event.verb == "meetings.meeting_closed"
    if has_no_minutes:
        return {}
    observing = everyone([meeting.observer_id], "You are the observer")
    if is_of_series and not meeting.is_extra:
        return observing if _has_invited_observer(meeting) else {}
    people = series_queries.participants(meeting.series).values_list("pk", flat=True)
    leading = everyone([meeting.facilitator_id], "You facilitate the meeting")
    return observing | everyone(people, "You are a participant") | leading


def _has_invited_observer(meeting: Meeting) -> bool:
    """Return True if the present observer of the meeting has got an invitation."""
    return meeting.observer_id is not None and meeting.observer_id == meeting.invited_observer_id


def owners_of_actions(event: Event) -> dict[int, str]:
    """Return the owners of the actions of a decision."""
    rows = Action.objects.filter(origin_id=event.subject_id, owner__isnull=False)
    return everyone(rows.values_list("owner_id", flat=True), "You own an action of this decision")


def recorder(event: Event) -> dict[int, str]:
    """Return the person who recorded the decision."""
    rows = Decision.objects.filter(subject_id=event.subject_id)
    return everyone(rows.values_list("recorded_by_id", flat=True), "You recorded this decision")


def facilitator_of_decision(event: Event) -> dict[int, str]:
    """Return the facilitator of the meeting that took the decision."""
    rows = Decision.objects.filter(subject_id=event.subject_id, meeting__isnull=False)
    return everyone(rows.values_list("meeting__facilitator_id", flat=True), "You facilitated its meeting")


def owner_and_lead(event: Event) -> dict[int, str]:
    """Return the owner of the object of the decision, and the lead of its team."""
    decision = Decision.objects.select_related("about").filter(subject_id=event.subject_id).first()
    if decision is None or decision.about is None:
        return {}
    parties = concerned(decision.about)
    lead = parties.team.lead_id if parties.team else None
    return everyone([parties.owner, lead], "It is about an object that you own")
