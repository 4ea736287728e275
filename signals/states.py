"""Signal kinds, thresholds, breaches: their words and steps."""

from django.db.models import IntegerChoices, TextChoices


class SignalKind(TextChoices):
    """The signal kind decides the focus it belongs to."""

    DATA_QUALITY = "data_quality", "Data quality"
    DRIFT = "drift", "Drift"
    LATENCY = "latency", "Latency"
    PERFORMANCE = "performance", "Performance"
    DEPLOYMENT = "deployment", "Deployment"


class Level(IntegerChoices):
    """How bad a crossing is; greater is worse, so the most conservative of several is the maximum."""

    WARNING = 1, "Warning"
    CRITICAL = 2, "Critical"


class Direction(TextChoices):
    ABOVE = "above", "Above"
    BELOW = "below", "Below"


class Agreement(TextChoices):
    """The life of a threshold version."""

    PROPOSED = "proposed", "Proposed"
    ACTIVE = "active", "In force"
    RETIRED = "retired", "Replaced"
    DECLINED = "declined", "Declined"


class BreachState(TextChoices):
    OPEN = "open", "Open"
    CLEARED = "cleared", "Cleared"


class Adapter(TextChoices):
    ALERTMANAGER = "alertmanager", "Prometheus Alertmanager"
    POINTS = "points", "Points by REST"


class ItemResult(TextChoices):
    """What became of one ingested item."""

    STORED = "stored", "Stored"
    DUPLICATE = "duplicate", "Duplicate"
    CORRECTED = "corrected", "Corrected"
    REJECTED = "rejected", "Rejected"


AGREEMENT_MOVES = {
    (Agreement.PROPOSED, Agreement.ACTIVE): "signals.threshold_agreed",
    (Agreement.PROPOSED, Agreement.DECLINED): "signals.threshold_declined",
    # Its event is the agreement of the next one, which retires it in the same act.
    (Agreement.ACTIVE, Agreement.RETIRED): "signals.threshold_agreed",
}
GROUP_MOVES = {
    (BreachState.OPEN, BreachState.CLEARED): "signals.breach_group_cleared",
    (BreachState.CLEARED, BreachState.OPEN): "signals.breach_group_reopened",
}
BREACH_MOVES = {
    (BreachState.OPEN, BreachState.CLEARED): "signals.breach_cleared",
    (BreachState.CLEARED, BreachState.OPEN): "signals.breach_reopened",
}
