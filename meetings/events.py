"""The events of series, meetings, agenda items and decisions. Ids in payloads are subject ids by default."""

from history.declarations import EventType, Mail, Payload, rename
from history.recipients import listed_in_payload
from history.states import NewsGroup
from meetings import mail
from meetings.recipients import (
    asked_to_swap,
    facilitator,
    facilitator_of_decision,
    former_observer,
    next_facilitator,
    observer,
    owner_and_lead,
    owners_of_actions,
    participants,
    participants_of_series,
    recorder,
    scribe,
    stand_in,
    turn_changed,
    who_asked_to_swap,
)
from people.recipients import risk_managers

# ------------------------------------------------------------------ series


class SeriesAdded(Payload, verb="meetings.series_added"):
    teams: list[int]
    participants: list[int]
    observer_teams: list[int] | None = None  # events before 0.2.0 have none


class SeriesChanged(Payload, verb="meetings.series_changed"):
    """Each field that changed, as [before, after]."""

    teams: list[list[int]] | None = None
    participants: list[list[int]] | None = None
    observer_teams: list[list[int]] | None = None


class ParticipantsJoined(Payload, verb="meetings.participants_joined"):
    people: list[int]


class ParticipantsLeft(Payload, verb="meetings.participants_left"):
    people: list[int]


class FocusAdded(Payload, verb="meetings.focus_added"):
    functions: list[int]


class FocusChanged(Payload, verb="meetings.focus_changed"):
    functions: list[list[int]] | None = None  # [before, after], if they changed


# ------------------------------------------------------------------ meetings


class AgendaPublished(Payload, verb="meetings.agenda_published"):
    items: int
    minutes: int


class MeetingCancelled(Payload, verb="meetings.meeting_cancelled"):
    reason: str


class MeetingClosed(Payload, verb="meetings.meeting_closed"):
    carried: int
    decisions: int


class MinutesCorrected(Payload, verb="meetings.minutes_corrected"):
    text: str


class HandoverWritten(Payload, verb="meetings.handover_written"):
    follow_ups: int


class TurnNear(Payload, verb="meetings.turn_near"):
    days: int
    facilitator: int


class ObservationNear(Payload, verb="meetings.observation_near"):
    days: int
    observer: int


class ObservationEnded(Payload, verb="meetings.observation_ended"):
    """observer: the id of the person who was invited and does not observe any more."""

    observer: int


class NoMeetingFound(Payload, verb="meetings.no_meeting_found"):
    why: str
    code: str


# ------------------------------------------------------------------ agenda items, decisions


class AgendaReordered(Payload, verb="meetings.agenda_reordered"):
    item: int  # the id of the item itself, here and below


class ItemAdded(Payload, verb="meetings.item_added"):
    """about: what the item is about. item: the id of the item that was carried over to this one."""

    about: int | None = None
    item: int | None = None


class ItemMoved(Payload, verb="meetings.item_moved", upcasters=(rename("from", to="from_meeting"),)):
    item: int
    from_meeting: int


class NamedItem(Payload):
    """The item of an event: about, what it is about; title, of an item that is about nothing."""

    about: int | None = None
    title: str | None = None


class ItemTakenUp(NamedItem, verb="meetings.item_taken_up"):
    pass


class ItemPutBack(NamedItem, verb="meetings.item_put_back"):
    pass


class ItemTakenOff(NamedItem, verb="meetings.item_taken_off"):
    pass


class ItemDone(NamedItem, verb="meetings.item_done"):
    pass


class ItemCarriedOver(Payload, verb="meetings.item_carried_over"):
    item: int | None = None
    to: int | None = None


class ItemParked(Payload, verb="meetings.item_parked"):
    """fits: False if the item does not fit into the planned length; True if a person parked it."""

    fits: bool


class ItemSettled(NamedItem, verb="meetings.item_settled"):
    pass


class ItemContested(Payload, verb="meetings.item_contested"):
    """On the subject of the item, so that only its readers see it."""

    reason: str


class RiskRaised(Payload, verb="meetings.risk_raised"):
    """On the subject of the risk, so that only its readers see it. meeting: where it was recorded."""

    meeting: int


class DecisionTaken(Payload, verb="meetings.decision_taken"):
    """actions, effects: their numbers. settles: the outcome of the review that it settles, "" without one."""

    actions: int
    settles: str
    effects: int | None = None


class TripwireAdded(Payload, verb="meetings.tripwire_added"):
    """tripwire: the id of the tripwire itself, here and below."""

    tripwire: int | None = None


class TripwireCrossed(Payload, verb="meetings.tripwire_crossed"):
    """value: of the point that crossed, None for a date."""

    tripwire: int
    value: float | None = None


class TripwireRemoved(Payload, verb="meetings.tripwire_removed"):
    tripwire: int
    reason: str


class OutcomeRecorded(Payload, verb="meetings.outcome_recorded"):
    outcome: str


class DecisionReplaced(Payload, verb="meetings.decision_replaced"):
    by: int


_TURN = Mail("meeting", mail.context, mail.turn_is_theirs)
_OBSERVATION = Mail("meeting", mail.observation_context, mail.observation_is_theirs, is_alone=True)
_NO_OBSERVATION = Mail("meeting_time", mail.observation_end, mail.meeting_is_ahead, is_alone=True)
_AGENDA = Mail("meeting", mail.context, mail.agenda_is_current, is_alone=True)
_INVITATION = Mail("series", mail.series_context, mail.series_meets, is_alone=True)
_SERIES_ENDS = Mail("series", mail.series_context, mail.series_is_retired, is_alone=True)
_SWAP_ANSWER = Mail("swap", mail.swap_context, mail.swap_is_ahead)
_TIME = Mail("meeting_time", mail.time_context, mail.time_is_current, is_alone=True)

EVENTS = (
    EventType(SeriesAdded, (participants_of_series,), _INVITATION, group=NewsGroup.MEETINGS),
    EventType(SeriesChanged, (participants_of_series,), _INVITATION, group=NewsGroup.MEETINGS),
    EventType("meetings.series_published", (participants_of_series,), _INVITATION, group=NewsGroup.MEETINGS),
    EventType("meetings.series_retired", (participants_of_series,), _SERIES_ENDS, group=NewsGroup.MEETINGS),
    EventType(
        ParticipantsJoined,
        (listed_in_payload("people", reason="You are a participant now"),),
        Mail("series", mail.series_context, mail.takes_part, is_alone=True),
        is_minor=True,
        group=NewsGroup.MEETINGS,
    ),
    EventType(
        ParticipantsLeft,
        (listed_in_payload("people", reason="You are no participant any more"),),
        Mail("series", mail.series_context, mail.takes_no_part, is_alone=True),
        is_minor=True,
        group=NewsGroup.MEETINGS,
    ),
    *(
        EventType(f"meetings.calendar_feed_{what}", is_chained=True, is_private=True, is_public=False)
        for what in ("added", "renewed", "ended")
    ),
    EventType(FocusAdded),
    EventType(FocusChanged),
    EventType("meetings.focus_retired"),
    EventType("meetings.focuses_reordered"),
    # meetings
    EventType("meetings.meeting_planned"),
    EventType("meetings.meeting_added", (participants,), _TIME, group=NewsGroup.MEETINGS),
    EventType("meetings.meeting_changed"),
    EventType("meetings.meeting_replanned", (turn_changed,), group=NewsGroup.MEETINGS),
    EventType(TurnNear, (facilitator, stand_in, scribe), _TURN, group=NewsGroup.MEETINGS),
    EventType(ObservationNear, (observer,), _OBSERVATION, group=NewsGroup.MEETINGS),
    EventType(ObservationEnded, (former_observer,), _NO_OBSERVATION, group=NewsGroup.MEETINGS),
    EventType("meetings.turn_taken_over", (turn_changed,), group=NewsGroup.MEETINGS),
    EventType(
        "meetings.swap_asked",
        (asked_to_swap,),
        Mail("swap", mail.swap_context, mail.swap_is_open),
        group=NewsGroup.MEETINGS,
        answered_by=("meetings.swap_accepted", "meetings.swap_declined"),
    ),
    EventType("meetings.swap_accepted", (who_asked_to_swap,), _SWAP_ANSWER, group=NewsGroup.MEETINGS),
    EventType("meetings.swap_declined", (who_asked_to_swap,), _SWAP_ANSWER, group=NewsGroup.MEETINGS),
    EventType("meetings.swap_withdrawn", (asked_to_swap,), group=NewsGroup.MEETINGS),
    EventType("meetings.swap_lapsed", (who_asked_to_swap,), group=NewsGroup.MEETINGS),
    EventType("meetings.meeting_moved", (participants,), _TIME, group=NewsGroup.MEETINGS),
    EventType(MeetingCancelled, (participants,), _TIME, group=NewsGroup.MEETINGS),
    EventType("meetings.meeting_reinstated", (participants,), _TIME, group=NewsGroup.MEETINGS),
    EventType(AgendaPublished, (participants,), _AGENDA, group=NewsGroup.MEETINGS),
    EventType("meetings.meeting_started"),
    EventType("meetings.control_handed_over"),
    EventType("meetings.control_taken"),
    EventType("meetings.attendance_noted"),
    EventType("meetings.arrived", is_minor=True),
    EventType(
        MeetingClosed,
        (participants,),
        Mail("minutes", mail.context, mail.meeting_is_closed, is_alone=True),
        group=NewsGroup.MEETINGS,
    ),
    EventType(MinutesCorrected, (participants,), group=NewsGroup.MEETINGS),
    EventType(
        HandoverWritten,
        (next_facilitator,),
        group=NewsGroup.MEETINGS,
        answered_by=("meetings.handover_taken",),
    ),
    EventType("meetings.handover_taken"),
    EventType(NoMeetingFound, (risk_managers,), group=NewsGroup.MEETINGS),
    *(EventType(f"meetings.agenda_template_{what}") for what in ("added", "changed", "retired", "restored")),
    # check-ins
    EventType("meetings.check_in_noted"),
    EventType("meetings.check_in_changed"),
    EventType("meetings.check_in_attached", is_minor=True),
    EventType("meetings.check_in_became_risk", is_minor=True),
    # agenda items
    EventType(AgendaReordered),
    EventType(ItemAdded),
    EventType("meetings.item_changed"),
    EventType(ItemMoved),
    EventType(ItemTakenUp),
    EventType("meetings.item_paused", is_minor=True),
    EventType("meetings.item_resumed", is_minor=True),
    EventType(ItemPutBack),
    EventType(ItemParked),
    EventType("meetings.item_taken_back"),
    EventType("meetings.item_actions_agreed", is_minor=True),
    EventType(ItemDone),
    EventType(ItemCarriedOver),
    EventType(ItemTakenOff),
    EventType("meetings.item_noted"),
    EventType(ItemSettled),
    EventType(ItemContested),
    EventType("meetings.contest_withdrawn"),
    EventType("meetings.item_extended"),
    EventType(RiskRaised, is_minor=True),
    # decisions
    EventType(DecisionTaken, (owners_of_actions, owner_and_lead), group=NewsGroup.DECISIONS),
    EventType("meetings.decision_completed"),
    EventType(DecisionReplaced),
    EventType(
        "meetings.outcome_asked",
        (recorder, facilitator_of_decision),
        group=NewsGroup.DECISIONS,
        answered_by=("meetings.outcome_recorded",),
    ),
    EventType(OutcomeRecorded, (recorder, owner_and_lead), group=NewsGroup.DECISIONS),
    EventType(TripwireAdded),
    EventType(TripwireCrossed, (recorder, owners_of_actions, owner_and_lead), group=NewsGroup.DECISIONS),
    EventType(TripwireRemoved),
    EventType("meetings.acceptance_logged", is_minor=True),  # the timeline of the risk has its own line
    EventType("meetings.agreement_logged", is_minor=True),  # the timeline of the threshold has its own line
    EventType("meetings.decision_ended", is_minor=True),
    EventType("meetings.decision_restricted", is_minor=True),  # no longer written; old ones are read
)
