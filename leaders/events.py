"""The events of this room."""

from history.declarations import EventType, Payload
from history.states import NewsGroup
from leaders.recipients import owner_of_action, owner_of_changed_goal, owner_of_goal


class GoalMeasured(Payload, verb="leaders.goal_measured"):
    note: str | None = None


class GoalReached(Payload, verb="leaders.goal_reached"):
    note: str | None = None


class GoalMissed(Payload, verb="leaders.goal_missed"):
    note: str | None = None


class GoalDropped(Payload, verb="leaders.goal_dropped"):
    reason: str


class GoalDue(Payload, verb="leaders.goal_due"):
    due_on: str


class BlockKept(Payload, verb="leaders.block_kept"):
    text: str


EVENTS = (
    EventType("leaders.goal_set", (owner_of_goal("You own this goal"),), group=NewsGroup.DECISIONS),
    EventType("leaders.goal_changed", (owner_of_changed_goal,), is_minor=True, group=NewsGroup.DECISIONS),
    EventType(GoalMeasured, is_minor=True),
    EventType(
        GoalDue,
        (owner_of_goal("You own this goal, and its date has come"),),
        group=NewsGroup.DECISIONS,
        answered_by=tuple(f"leaders.goal_{step}" for step in ("reached", "missed", "dropped", "changed")),
    ),
    EventType(GoalReached),
    EventType(GoalMissed),
    EventType(GoalDropped, (owner_of_goal("You owned this goal"),), group=NewsGroup.DECISIONS),
    EventType("leaders.goal_reopened"),
    EventType("leaders.hours_allotted", is_minor=True),
    EventType("leaders.hours_changed", is_minor=True),
    EventType(BlockKept, (owner_of_action,), group=NewsGroup.ACTIONS),
)
