"""The choices, states and moves of signals, thresholds and breaches."""

from django.db.models import IntegerChoices, TextChoices

from catalogue.states import RightKind


class SignalKind(TextChoices):
    """The kind of a signal. It decides which focus, and so which meeting, reviews its breaches."""

    DATA_QUALITY = "data_quality", "Data quality"
    DRIFT = "drift", "Drift"
    LATENCY = "latency", "Latency"
    PERFORMANCE = "performance", "Performance"
    DEPLOYMENT = "deployment", "Deployment"


# The decision right that decides on the signals of a kind, and on their thresholds.
RIGHT_OF_KIND = {
    SignalKind.DATA_QUALITY: RightKind.DATA_QUALITY,
    SignalKind.DRIFT: RightKind.MODEL_CHANGE,
    SignalKind.LATENCY: RightKind.DEPLOYMENT,
    SignalKind.PERFORMANCE: RightKind.MODEL_CHANGE,
    SignalKind.DEPLOYMENT: RightKind.DEPLOYMENT,
}


class BreachLevel(IntegerChoices):
    """Which limit of a threshold was crossed. The worst of several levels is their maximum."""

    WARNING = 1, "Warning"
    CRITICAL = 2, "Critical"


class SeverityRule(TextChoices):
    """What a source makes of the alerts of a severity."""

    IGNORE = "ignore", "Ignore"
    WARNING = "warning", "Warning"
    CRITICAL = "critical", "Critical"


class Direction(TextChoices):
    ABOVE = "above", "Above"
    BELOW = "below", "Below"


class RuleKind(TextChoices):
    """What the rule of a threshold measures. See signals.measures."""

    LIMIT = "limit", "Above or below a limit"
    RANGE = "range", "Outside a range"
    COUNT = "count", "Several of the last points"
    CHANGE = "change", "Change against the previous window"
    DEVIATION = "deviation", "Deviation from its own history"
    SILENCE = "silence", "No data for a time"


# The kinds whose limits are sizes, such as per cent or hours, and no values of the series. A larger size is
# always worse.
SIZED = frozenset({RuleKind.CHANGE, RuleKind.DEVIATION, RuleKind.SILENCE})


class RuleDirection(TextChoices):
    """The direction of a rule. Only a change or a deviation takes both."""

    ABOVE = "above", "Above"
    BELOW = "below", "Below"
    BOTH = "both", "Either way"


class Agreement(TextChoices):
    """The state of a threshold version."""

    PROPOSED = "proposed", "Proposed"
    ACTIVE = "active", "In force"
    RETIRED = "retired", "Replaced"
    DECLINED = "declined", "Declined"


class BreachState(TextChoices):
    OPEN = "open", "Open"
    CLEARED = "cleared", "Cleared"


class Adapter(TextChoices):
    ALERTMANAGER = "alertmanager", "Prometheus Alertmanager"
    GRAFANA = "grafana", "Grafana alerting"
    EVIDENTLY = "evidently", "Evidently reports"
    MLFLOW = "mlflow", "MLflow"
    GENERIC = "generic", "JSON with a mapping"
    POINTS = "points", "Points by REST"


# The formats whose items are alerts with labels and a severity.
ALERTING = frozenset({Adapter.ALERTMANAGER, Adapter.GRAFANA})
# The formats whose tool can sign a body with a secret instead of sending a token.
SIGNING = frozenset({Adapter.GRAFANA, Adapter.MLFLOW})


class PanelKind(TextChoices):
    """What a panel of a dashboard shows."""

    FIGURES = "figures", "Latest figures"
    SERIES = "series", "Chart of series"
    GRID = "grid", "Grid of features by day"
    BREACHES = "breaches", "Breaches in time"
    RISKS = "risks", "Live risks"


class PatternKind(TextChoices):
    """What the breaches of a pattern have in common. See signals.patterns."""

    MODEL = "model", "Model"
    FEATURE = "feature", "Feature"
    SLICE = "slice", "Slice"
    SOURCE = "source", "Source"
    HOUR = "hour", "Hour of the day"
    WEEKDAY = "weekday", "Day of the week"
    WINDOW = "window", "Ingestion window"


# The periods in which patterns are searched, and the usual one. In days.
PATTERN_PERIODS, PATTERN_DAYS = (30, 90, 180), 90


class ItemResult(TextChoices):
    """The result of one item of a payload."""

    STORED = "stored", "Stored"
    DUPLICATE = "duplicate", "Duplicate"
    CORRECTED = "corrected", "Corrected"
    REJECTED = "rejected", "Rejected"
    IGNORED = "ignored", "Ignored"


AGREEMENT_MOVES = {
    (Agreement.PROPOSED, Agreement.ACTIVE): "signals.threshold_agreed",
    (Agreement.PROPOSED, Agreement.DECLINED): "signals.threshold_declined",
    # The agreement of the next version retires this one, in the same event.
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
