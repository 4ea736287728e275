"""Actions: their states, steps and types."""

from django.db.models import TextChoices


class State(TextChoices):
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


UNFINISHED = (State.OPEN, State.DOING, State.BLOCKED)
MOVES = {
    **{
        (a, b): v
        for a in UNFINISHED
        for b, v in ((State.DONE, "actions.action_done"), (State.DROPPED, "actions.action_dropped"))
    },
    (State.OPEN, State.DOING): "actions.action_started",
    (State.BLOCKED, State.DOING): "actions.action_started",
    (State.OPEN, State.BLOCKED): "actions.action_blocked",
    (State.DOING, State.BLOCKED): "actions.action_blocked",
    (State.DOING, State.OPEN): "actions.action_put_back",
    (State.BLOCKED, State.OPEN): "actions.action_put_back",
    (State.DONE, State.OPEN): "actions.action_reopened",
    (State.DROPPED, State.OPEN): "actions.action_reopened",
}
