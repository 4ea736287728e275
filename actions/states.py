"""The states, moves, types and efforts of actions."""

from django.db.models import TextChoices


class ActionState(TextChoices):
    OPEN = "open", "Open"
    DOING = "doing", "Doing"
    BLOCKED = "blocked", "Blocked"
    DONE = "done", "Done"
    DROPPED = "dropped", "Dropped"


class Type(TextChoices):
    MITIGATION = "mitigation", "Mitigation"
    MONITORING = "monitoring", "Monitoring change"
    CODE_REVIEW = "code_review", "Code review across teams"
    LINEAGE_AUDIT = "lineage_audit", "Data-lineage audit"
    PROCESS = "process", "Process improvement"
    OTHER = "other", "Other"


class Effort(TextChoices):
    SMALL = "s", "S"
    MEDIUM = "m", "M"
    LARGE = "l", "L"


UNFINISHED = (ActionState.OPEN, ActionState.DOING, ActionState.BLOCKED)
MOVES = {
    **{
        (a, b): v
        for a in UNFINISHED
        for b, v in (
            (ActionState.DONE, "actions.action_done"),
            (ActionState.DROPPED, "actions.action_dropped"),
        )
    },
    (ActionState.OPEN, ActionState.DOING): "actions.action_started",
    (ActionState.BLOCKED, ActionState.DOING): "actions.action_started",
    (ActionState.OPEN, ActionState.BLOCKED): "actions.action_blocked",
    (ActionState.DOING, ActionState.BLOCKED): "actions.action_blocked",
    (ActionState.DOING, ActionState.OPEN): "actions.action_put_back",
    (ActionState.BLOCKED, ActionState.OPEN): "actions.action_put_back",
    (ActionState.DONE, ActionState.OPEN): "actions.action_reopened",
    (ActionState.DROPPED, ActionState.OPEN): "actions.action_reopened",
}
