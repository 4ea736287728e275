"""The words and steps of meetings, agenda items and decisions."""

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


class ItemState(TextChoices):
    WAITING = "waiting", "To come"
    CURRENT = "current", "Now"
    DONE = "done", "Done"
    CARRIED = "carried", "Carried over"


class ItemOutcome(TextChoices):
    DECIDED = "decided", "Decided"
    ACTIONS = "actions", "Actions agreed"
    NO_CHANGE = "no_change", "No change"
    DEFERRED = "deferred", "Deferred"


class DecisionState(TextChoices):
    IN_FORCE = "in_force", "In force"
    REPLACED = "replaced", "Replaced"


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
}
DECISION_MOVES = {(DecisionState.IN_FORCE, DecisionState.REPLACED): "meetings.decision_replaced"}
