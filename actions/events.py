"""The events of this room."""

from actions import mail
from actions.recipients import owner, owner_if_due_date_changed, reviewer, sponsor, who_opened
from history.declarations import EventType, Mail, Payload
from history.states import NewsGroup

_TO_OWNER = Mail("action", mail.context, mail.is_still_theirs, goes_to_stand_in=True)
_TO_REVIEWER = Mail("action", mail.context, mail.is_still_reviewed_by)
_TO_SPONSOR = Mail("action", mail.context, mail.is_still_blocked, goes_to_stand_in=True)


class ActionDone(Payload, verb="actions.action_done"):
    text: str | None = None


class ActionDropped(Payload, verb="actions.action_dropped"):
    reason: str


class ActionReminded(Payload, verb="actions.action_reminded"):
    when: str  # "before" or "after" the due date
    due_on: str
    owner: int


class ActionOverdue(Payload, verb="actions.action_overdue"):
    due_on: str
    owner: int | None = None


class ActionRaised(Payload, verb="actions.action_raised"):
    sponsor: int | None
    days: int  # working days of the block


_DONE = ("actions.action_done", "actions.action_dropped")

EVENTS = (
    EventType(
        "actions.action_opened", (owner("Assigned to you"), reviewer), _TO_OWNER, group=NewsGroup.ACTIONS
    ),
    EventType(
        "actions.action_assigned", (owner("Assigned to you"), reviewer), _TO_OWNER, group=NewsGroup.ACTIONS
    ),
    EventType(
        "actions.action_review_requested",
        (reviewer, owner_if_due_date_changed),
        _TO_REVIEWER,
        group=NewsGroup.ACTIONS,
    ),
    EventType("actions.action_changed", (owner_if_due_date_changed,), is_minor=True, group=NewsGroup.ACTIONS),
    EventType("actions.action_started", is_minor=True),
    EventType("actions.action_put_back", is_minor=True),
    EventType("actions.action_blocked", (who_opened,), group=NewsGroup.ACTIONS),
    EventType(
        ActionRaised,
        (sponsor, owner("It was raised to the sponsor")),
        _TO_SPONSOR,
        is_urgent=True,
        group=NewsGroup.ESCALATIONS,
        cannot_be_silenced=True,
    ),
    EventType("actions.action_restricted", is_minor=True),  # no longer written; old ones are read
    EventType(
        ActionReminded,
        (owner("You own this action"),),
        _TO_OWNER,
        group=NewsGroup.ACTIONS,
        answered_by=_DONE,
    ),
    EventType(
        ActionOverdue,
        (owner("You own this action and it is overdue"),),
        is_urgent=True,
        group=NewsGroup.ACTIONS,
        answered_by=_DONE,
    ),
    EventType(ActionDone, (who_opened,), group=NewsGroup.ACTIONS),
    EventType(ActionDropped, (who_opened, owner("You owned this action")), group=NewsGroup.ACTIONS),
    EventType("actions.action_reopened", (owner("You own this action"),), group=NewsGroup.ACTIONS),
)
