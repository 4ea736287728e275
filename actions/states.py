"""The states, moves, types, efforts, blockers and results of actions."""

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
    DATA_COLLECTION = "data_collection", "Data collection"
    OTHER = "other", "Other"


class Effort(TextChoices):
    SMALL = "s", "S"
    MEDIUM = "m", "M"
    LARGE = "l", "L"


class Blocker(TextChoices):
    TEAM = "team", "Another team"
    RIGHT = "right", "A missing right"
    MONEY = "money", "Money"
    ACCESS = "access", "Access"
    TIME = "time", "Time"
    OTHER = "other", "Something else"


class AuditResult(TextChoices):
    """What a review of code or an audit of lineage found."""

    FINE = "fine", "Fine"
    FINDINGS = "findings", "Findings"


# The types that need a reviewer from outside the owner's teams, a link and a result.
NEED_OUTSIDER = (Type.CODE_REVIEW, Type.LINEAGE_AUDIT)
# The weight of an effort in the rank: the less effort, the more weight. Without an estimate it counts as M.
WEIGHTS = {Effort.SMALL: 3, Effort.MEDIUM: 2, Effort.LARGE: 1}
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
