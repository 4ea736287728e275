"""The models of the sample, with their series, versions, workflows and rights. Figures are invented."""

from dataclasses import dataclass
from typing import Any

from catalogue.recipes import Recipe
from signals.states import SignalKind


@dataclass(frozen=True, slots=True)
class Metric:
    """A series of daily values: its level, its noise, and how far and since when it drifts."""

    metric: str
    kind: str
    level: float
    noise: float
    feature: str = ""
    unit: str = ""
    drift: float = 0.0
    drift_from: int = 0  # days before today
    warning: float | None = None
    critical: float | None = None
    clear: float | None = None
    direction: str = "above"


@dataclass(frozen=True, slots=True)
class Registered:
    """A model of the sample."""

    slug: str
    name: str
    team: str
    tier: int
    purpose: str
    metrics: tuple[Metric, ...] = ()


MODELS = (
    Registered(
        "credit-pd",
        "Retail probability of default",
        "Credit Risk ML",
        1,
        "Scores applicants for retail credit. The score sets the limit and the price.",
        (
            Metric(
                "psi",
                SignalKind.DRIFT,
                0.06,
                0.012,
                "utilisation_90d",
                drift=0.24,
                drift_from=9,
                warning=0.1,
                critical=0.25,
                clear=0.08,
            ),
            Metric(
                "psi", SignalKind.DRIFT, 0.05, 0.010, "income_to_debt", warning=0.1, critical=0.25, clear=0.08
            ),
            Metric(
                "null_share",
                SignalKind.DATA_QUALITY,
                0.004,
                0.002,
                "bureau_score",
                unit="share",
                warning=0.03,
                critical=0.08,
            ),
            Metric(
                "auc",
                SignalKind.PERFORMANCE,
                0.79,
                0.006,
                warning=0.75,
                critical=0.70,
                clear=0.76,
                direction="below",
            ),
        ),
    ),
    Registered(
        "fraud-score",
        "Card fraud score",
        "Fraud",
        1,
        "Selects card payments for a manual check, within 200 ms.",
        (
            Metric(
                "latency_p95",
                SignalKind.LATENCY,
                142.0,
                9.0,
                unit="ms",
                warning=200.0,
                critical=400.0,
                clear=180.0,
            ),
            Metric(
                "precision_at_1pct",
                SignalKind.PERFORMANCE,
                0.62,
                0.015,
                warning=0.55,
                critical=0.45,
                direction="below",
            ),
            Metric(
                "null_share",
                SignalKind.DATA_QUALITY,
                0.01,
                0.004,
                "merchant_category",
                unit="share",
                drift=0.05,
                drift_from=30,
                warning=0.04,
                critical=0.1,
                clear=0.03,
            ),
        ),
    ),
    Registered(
        "churn-scorer",
        "Churn scorer",
        "Growth ML",
        3,
        "Ranks customers for retention offers, once a week.",
        (
            Metric(
                "psi",
                SignalKind.DRIFT,
                0.07,
                0.015,
                "visits_30d",
                drift=0.9,
                drift_from=2,
                warning=0.15,
                critical=0.4,
                clear=0.12,
            ),
            Metric(
                "null_share",
                SignalKind.DATA_QUALITY,
                0.006,
                0.002,
                "last_note",
                unit="share",
                drift=0.3,
                drift_from=4,
                warning=0.03,
                critical=0.2,
                clear=0.02,
            ),
        ),
    ),
    Registered(
        "claims-triage",
        "Claims triage",
        "Growth ML",
        2,
        "Sorts health-insurance claims by urgency for the clinic desk.",
        (
            Metric(
                "recall_urgent",
                SignalKind.PERFORMANCE,
                0.91,
                0.008,
                warning=0.87,
                critical=0.82,
                clear=0.88,
                direction="below",
            ),
        ),
    ),
    Registered(
        "mail-digit-ocr",
        "Mail digit reader",
        "ML Platform",
        3,
        "Reads account numbers from scanned letters.",
        (
            Metric(
                "error_share",
                SignalKind.PERFORMANCE,
                0.014,
                0.002,
                unit="share",
                warning=0.03,
                critical=0.06,
                clear=0.025,
            ),
        ),
    ),
)

# (model, metric, feature, rule, reason) of further thresholds: with those of the metrics, one of each kind.
RULES: tuple[tuple[str, str, str, dict[str, Any], str], ...] = (
    (
        "fraud-score",
        "precision_at_1pct",
        "",
        {"kind": "range", "warning": 0.72, "warning_low": 0.5},
        "A share above the range means that the labels are late, not that the model is better.",
    ),
    (
        "claims-triage",
        "recall_urgent",
        "",
        {"kind": "count", "direction": "below", "warning": 0.885, "needed": 3, "among": 5},
        "One bad day is normal on a small clinic desk. Three of five are not.",
    ),
    (
        "credit-pd",
        "auc",
        "",
        {"kind": "change", "direction": "below", "warning": 5.0, "window_hours": 168.0},
        "A fall from one week to the next is seen before the limit is crossed.",
    ),
    (
        "mail-digit-ocr",
        "error_share",
        "",
        {"kind": "deviation", "direction": "above", "warning": 8.0, "window_hours": 720.0},
        "A new scanner shows as values that are unlike the last month.",
    ),
    (
        "credit-pd",
        "psi",
        "income_to_debt",
        {"kind": "silence", "warning": 48.0, "critical": 96.0},
        "The drift report runs every morning. After two days without it, somebody checks the job.",
    ),
)
# (kind, slug of a model or "" for all models, person, function, why) of the decision rights. Without a person
# and a function, the lead of the owner team holds the right.
RIGHTS = (
    ("data_quality", "", "", "data-engineering", "They run the pipelines and see a fault first."),
    ("model_change", "", "", "", "The team that answers for a model decides how it changes."),
    ("deployment", "", "jonas", "", "He plans the release windows of the platform."),
    ("model_change", "credit-pd", "sofia", "", "Tier 1: a change needs somebody outside the team."),
)

# (slug of the model, name, parent, stage, data set, commit, days before today, trigger), parents first
VERSIONS = (
    ("credit-pd", "11", "", "archived", "applications 2025-Q4", "4be1c07", 220, "First model of the year"),
    ("credit-pd", "12", "11", "production", "applications 2026-Q2", "9ad02f1", 96, "Drift of income_to_debt"),
    ("credit-pd", "13", "12", "candidate", "applications 2026-Q3", "c13f9e8", 5, "Drift of utilisation_90d"),
    ("fraud-score", "2026.4", "", "production", "payments until October", "77aa310", 41, "New fraud labels"),
)

# (slug of the model, another name of it in a tool)
ALIASES = (("credit-pd", "PD_Retail"), ("credit-pd", "クレジットPD"))
# (slug of the model, owner, steps, days since the last rehearsal) of the rollback procedures
ROLLBACKS = (
    (
        "credit-pd",
        "jonas",
        "1. Set the alias *champion* to the former version in the registry.\n"
        "2. Restart the scoring pods and wait for two green health checks.\n"
        "3. Compare the default rate of the next hour with the day before.",
        35,
    ),
    ("churn-scorer", "ken", "Switch the traffic back to the former pods. It takes two minutes.", 0),
)

# (slug of the model, version, environment, days before today, outcome, why), the oldest first
DEPLOYMENTS = (
    ("credit-pd", "12", "production", 90, "kept", "Default rate as in the backtest."),
    ("fraud-score", "2026.4", "production", 40, "kept", ""),
    ("churn-scorer", "8", "production", 12, "rolled_back", "The feature store answered too late."),
    ("credit-pd", "13", "staging", 4, "", ""),
)

# (slug of the model, name, owner, purpose, recipe) of the workflows
WORKFLOWS: tuple[tuple[str, str, str, str, Recipe], ...] = (
    (
        "credit-pd",
        "Training",
        "ana",
        "Trains the model on the applications of the last eight quarters, once a quarter.",
        Recipe(
            ingestion="lake/applications, a snapshot of the first day of the quarter",
            data_schema=[
                {"name": "income", "type": "number, monthly, never negative"},
                {"name": "open_debt", "type": "number, never negative"},
                {"name": "bureau_score", "type": "whole number from 0 to 1000, may be missing"},
                {"name": "defaulted", "type": "yes or no, after 24 months"},
            ],
            steps=[
                {"name": "income_to_debt", "details": "income by open debt, capped at the 99th percentile"},
                {"name": "utilisation_90d", "details": "mean use of the credit line over 90 days"},
                {"name": "bureau_missing", "details": "whether the bureau has no score"},
            ],
            code="git.example.org/credit-pd, make train",
            configuration={"objective": "binary", "tree": {"depth": 6, "learning_rate": 0.05}, "seed": 7},
            evaluation="https://dashboards.example.org/credit-pd/evaluation",
        ),
    ),
    (
        "fraud-score",
        "Evaluation",
        "ken",
        "Compares the model in production with the labels of the week before last.",
        Recipe(
            ingestion="payments topic, the seven days before last Sunday",
            data_schema=[{"name": "amount", "type": "number"}, {"name": "is_fraud", "type": "yes or no"}],
            steps=[{"name": "amount_by_merchant", "details": "amount by the median of the merchant"}],
            code="git.example.org/fraud-score, make evaluate",
            configuration={"share": 0.01},
        ),
    ),
)

# (name of the workflow, name, who ran it, days before today, data set, metrics, the run it repeats, version)
RUNS = (
    ("Training", "train-411", "ana", 97, "applications 2026-Q2", {"auc": 0.788, "ks": 0.412}, "", "12"),
    (
        "Training",
        "train-412",
        "jonas",
        88,
        "applications 2026-Q2",
        {"auc": 0.787, "ks": 0.41},
        "train-411",
        "",
    ),
    ("Training", "train-430", "ana", 6, "applications 2026-Q3", {"auc": 0.801, "ks": 0.433}, "", "13"),
    ("Training", "train-431", "wei", 2, "applications 2026-Q3", {"auc": 0.774, "ks": 0.398}, "train-430", ""),
    (
        "Evaluation",
        "2026-46",
        "ken",
        9,
        "labels of week 44",
        {"precision_at_1pct": 0.612},
        "",
        "2026.4",
    ),
)

# (model, kind, who opens it, title, rollback plan, expected effect) of the change requests
CHANGES = (
    (
        "mail-digit-ocr",
        "model_change",
        "ana",
        "Retrain on the scans since July",
        "Deploy version 3 again: its image stays in the registry for 90 days.",
        "Accuracy above 0.98 on the weekly sample.",
    ),
    (
        "churn-scorer",
        "deployment",
        "ken",
        "Deploy the scorer with the new feature store client",
        "Switch the traffic back to the former pods. It takes two minutes.",
        "p95 latency below 120 ms.",
    ),
)
