"""The states and the allowed moves of meetings, agenda items and decisions."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import TextChoices


class MeetingState(TextChoices):
    PLANNED = "planned", "Planned"
    LIVE = "live", "Live"
    CLOSED = "closed", "Closed"
    CANCELLED = "cancelled", "Cancelled"


class Purpose(TextChoices):
    INFORM = "inform", "Inform"
    DISCUSS = "discuss", "Discuss"
    DECIDE = "decide", "Decide"


# The title of the item that names the patterns of breaches.
PATTERNS_ITEM = "Recurring breaches"


class ItemState(TextChoices):
    WAITING = "waiting", "Upcoming"
    CURRENT = "current", "Now"
    DONE = "done", "Done"
    CARRIED = "carried", "Carried over"
    DROPPED = "dropped", "Removed"
    BACKLOG = "backlog", "In the backlog"
    SETTLED = "settled", "Settled before the meeting"


class ItemOutcome(TextChoices):
    DECIDED = "decided", "Decided"
    ACTIONS = "actions", "Actions agreed"
    NO_CHANGE = "no_change", "No change"
    DEFERRED = "deferred", "Deferred"


class SwapState(TextChoices):
    OPEN = "open", "Open"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"
    LAPSED = "lapsed", "Lapsed"


class TurnTask(TextChoices):
    """What people take turns at in a meeting. Each is a field of Meeting."""

    FACILITATOR = "facilitator", "Facilitator"
    SCRIBE = "scribe", "Scribe"
    OBSERVER = "observer", "Observer"


# The field of Meeting that says whether a person took the turn over, so that the rotation keeps them.
TAKEN_FIELDS = {
    TurnTask.FACILITATOR: "is_taken_over",
    TurnTask.SCRIBE: "is_scribe_taken",
    TurnTask.OBSERVER: "is_observer_taken",
}
# The field of Meeting with the reason.
WHY_FIELDS = {
    TurnTask.FACILITATOR: "why",
    TurnTask.SCRIBE: "scribe_why",
    TurnTask.OBSERVER: "observer_why",
}


class CheckInKind(TextChoices):
    FEATURE_DISTRIBUTION = "feature_distribution", "Feature distribution"
    INGESTION_DELAY = "ingestion_delay", "Ingestion delay"
    RETRAINING_TRIGGER = "retraining_trigger", "Retraining trigger"
    OTHER = "other", "Other"


class DecisionState(TextChoices):
    IN_FORCE = "in_force", "In force"
    REPLACED = "replaced", "Replaced"
    ENDED = "ended", "Ended"


class EffectKind(TextChoices):
    """What a decision changes in the moment it is recorded."""

    CHANGE_ACTION = "change_action", "New date or owner of an action"
    AGREE_THRESHOLD = "agree_threshold", "Threshold agreed"
    ACCEPT_RISK = "accept_risk", "Risk accepted"
    END_ACCEPTANCE = "end_acceptance", "Acceptance ended"
    ADOPT_MITIGATION = "adopt_mitigation", "Mitigation adopted"
    RESOLVE_ESCALATION = "resolve_escalation", "Escalation resolved"


class TripwireKind(TextChoices):
    DATE = "date", "On a date"
    METRIC = "metric", "When a metric crosses a value"


class TripwireState(TextChoices):
    ARMED = "armed", "Armed"
    CROSSED = "crossed", "Crossed"
    REMOVED = "removed", "Removed"


class DidItWork(TextChoices):
    """The answer to the question some weeks after a decision."""

    WORKED = "worked", "Worked"
    DID_NOT = "did_not", "Did not work"
    TOO_EARLY = "too_early", "Too early to say"


MEETING_MOVES = {
    (MeetingState.PLANNED, MeetingState.LIVE): "meetings.meeting_started",
    (MeetingState.PLANNED, MeetingState.CANCELLED): "meetings.meeting_cancelled",
    (MeetingState.CANCELLED, MeetingState.PLANNED): "meetings.meeting_reinstated",
    (MeetingState.LIVE, MeetingState.CLOSED): "meetings.meeting_closed",
}
ITEM_MOVES = {
    (ItemState.WAITING, ItemState.CURRENT): "meetings.item_taken_up",
    (ItemState.DONE, ItemState.CURRENT): "meetings.item_taken_up",
    (ItemState.CURRENT, ItemState.WAITING): "meetings.item_put_back",
    (ItemState.CURRENT, ItemState.DONE): "meetings.item_done",
    (ItemState.WAITING, ItemState.DONE): "meetings.item_done",
    (ItemState.WAITING, ItemState.CARRIED): "meetings.item_carried_over",
    (ItemState.CURRENT, ItemState.CARRIED): "meetings.item_carried_over",
    (ItemState.WAITING, ItemState.DROPPED): "meetings.item_taken_off",
    (ItemState.DROPPED, ItemState.WAITING): "meetings.item_put_back",
    (ItemState.DONE, ItemState.WAITING): "meetings.item_put_back",
    (ItemState.CARRIED, ItemState.WAITING): "meetings.item_put_back",
    (ItemState.WAITING, ItemState.BACKLOG): "meetings.item_parked",
    (ItemState.CURRENT, ItemState.BACKLOG): "meetings.item_parked",
    (ItemState.BACKLOG, ItemState.WAITING): "meetings.item_taken_back",
    (ItemState.BACKLOG, ItemState.DONE): "meetings.item_done",
    (ItemState.BACKLOG, ItemState.CARRIED): "meetings.item_carried_over",
    (ItemState.BACKLOG, ItemState.DROPPED): "meetings.item_taken_off",
    (ItemState.WAITING, ItemState.SETTLED): "meetings.item_settled",
    (ItemState.BACKLOG, ItemState.SETTLED): "meetings.item_settled",
    (ItemState.SETTLED, ItemState.WAITING): "meetings.item_put_back",
}
SWAP_MOVES = {
    (SwapState.OPEN, SwapState.ACCEPTED): "meetings.swap_accepted",
    (SwapState.OPEN, SwapState.DECLINED): "meetings.swap_declined",
    (SwapState.OPEN, SwapState.WITHDRAWN): "meetings.swap_withdrawn",
    (SwapState.OPEN, SwapState.LAPSED): "meetings.swap_lapsed",
}
# The signal kind to whose focus a check-in belongs. Others belong to every focus.
SIGNAL_KIND_OF = {
    CheckInKind.FEATURE_DISTRIBUTION: "drift",
    CheckInKind.INGESTION_DELAY: "data_quality",
    CheckInKind.RETRAINING_TRIGGER: "performance",
}
# Upcoming meetings, meetings that have started, and items without an outcome.
TO_COME = (MeetingState.PLANNED, MeetingState.LIVE)
HELD = (MeetingState.LIVE, MeetingState.CLOSED)
UNFINISHED = (ItemState.WAITING, ItemState.CURRENT)
# Items that are not on the agenda itself: removed ones, the backlog, and what was settled before the meeting.
OFF_AGENDA = (ItemState.DROPPED, ItemState.BACKLOG, ItemState.SETTLED)
# How the reason of an item begins that is about a proposed acceptance.
ACCEPTANCE_PROPOSED = "Acceptance proposed"
# Items whose proposal can be settled before the meeting.
TO_SETTLE = (ItemState.WAITING, ItemState.BACKLOG)
# The fields of a series that say when it meets, and those that calendars show.
WHEN = frozenset({"rrule", "time_zone", "first_on", "starts_at", "length_minutes"})
WHAT_CALENDARS_SHOW = WHEN | {"place"}
# Meetings are planned this long ahead; their agendas are published this long before the start.
AHEAD = timedelta(weeks=12)
PUBLISHED_BEFORE = timedelta(days=1)
# How long after its end a meeting may still be started, so that its notes can be recorded afterwards.
MAY_BEGIN_LATE = timedelta(days=1)
# A start that is earlier than this before the planned one must be confirmed.
MAY_BEGIN_EARLY = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Theme:
    """A focus that a new series starts with; kinds are signals.states.SignalKind, functions are slugs."""

    name: str
    kinds: tuple[str, ...]
    functions: tuple[str, ...]
    questions: tuple[str, ...]


DEFAULT_CYCLE = (
    Theme(
        "Data-quality signals",
        ("data_quality",),
        ("data-engineering", "data-science"),
        (
            "Provenance: do we know where each changed feature comes from, and who changed it?",
            "Labelling quality: has anything changed how labels are created or delayed?",
            "Ingestion: which windows were late or incomplete, and which models use them?",
        ),
    ),
    Theme(
        "Model performance",
        ("drift", "performance"),
        ("data-science", "risk-management"),
        (
            "Feature choices: which features drift, and would we choose them again?",
            "Who is affected by the errors we see, and how?",
            "Which thresholds triggered too early, too late or not at all?",
        ),
    ),
    Theme(
        "Deployment readiness and rollback",
        ("latency", "deployment"),
        ("platform-operations", "engineering"),
        (
            "Can each deployed version be rolled back today, and who has tested it?",
            "What is deployed before the next meeting, and who approves it?",
            "Which unintended changes did retraining cause?",
        ),
    ),
)
DECISION_MOVES = {
    (DecisionState.IN_FORCE, DecisionState.REPLACED): "meetings.decision_replaced",
    (DecisionState.IN_FORCE, DecisionState.ENDED): "meetings.decision_ended",
}
TRIPWIRE_MOVES = {
    (TripwireState.ARMED, TripwireState.CROSSED): "meetings.tripwire_crossed",
    (TripwireState.ARMED, TripwireState.REMOVED): "meetings.tripwire_removed",
}
