"""What the list of experiments exports: the columns and the rows."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet

from history.queries import seen_by, tell
from kit.sight import Visitor
from lists.export_files import YES_NO, column_of, page_below
from lists.exporting import Export
from risklog.filters.experiment import EXPERIMENTS
from risklog.models import ExperimentOwner
from risklog.states import ExperimentOutcome, ExperimentState

_STORED = (
    "title", "state", "outcome", "hypothesis", "data_slice", "success_criteria", "decision_rule", "rollback",
    "ends_on", "proposed_at", "started_at", "ended_at", "sample_size", "interpretation", "training_notes",
    "cancel_reason",
)  # fmt: skip
_LINKED = ("about", "model", "series")


def _values(rows: QuerySet) -> QuerySet:
    owners = ExperimentOwner.objects.filter(experiment=OuterRef("pk"), is_current=True).order_by("pk")
    return rows.values(
        *_STORED,
        reference=F("subject__reference"),
        about_reference=F("about__reference"),
        model_name=F("model__name"),
        series_metric=F("series__metric"),
        proposed_by_name=F("proposed_by__name"),
        owner_names=ArraySubquery(owners.values("user__name")),
        is_restricted=Q(subject__viewers__isnull=False),
        **seen_by("about"),
        **seen_by("model", "model__subject"),
        **seen_by("series", "series__subject"),
    )


def _hide(rows: list[dict[str, Any]], user: Visitor) -> list[dict[str, Any]]:
    """Remove what each row refers to where this reader may not see it."""
    return tell(user, rows, *_LINKED)


EXPERIMENT_EXPORT = Export(
    name="experiments",
    spec=EXPERIMENTS,
    values=_values,
    hide=_hide,
    path=page_below("risklog:experiment_list"),
    columns=(
        column_of("reference", "Reference", 11),
        column_of("title", "Title", 48),
        column_of("state", "State", 10, labels=dict(ExperimentState.choices)),
        column_of("outcome", "Outcome", 12, labels=dict(ExperimentOutcome.choices)),
        column_of("about", "About", 10, key="about_reference"),
        column_of("model", "Model", 24, key="model_name"),
        column_of("metric", "Metric", 24, key="series_metric"),
        column_of("owners", "Owners", 30, key="owner_names"),
        column_of("ends_on", "Result expected", 14),
        column_of("hypothesis", "Hypothesis", 40),
        column_of("data_slice", "Data slice", 30),
        column_of("success_criteria", "Success criteria", 30),
        column_of("decision_rule", "Rule of decision", 30),
        column_of("rollback", "Rollback plan", 30),
        column_of("sample_size", "Records", 10),
        column_of("interpretation", "Interpretation", 40),
        column_of("training_notes", "Pipeline and training", 30),
        column_of("cancel_reason", "Reason for cancelling", 30),
        column_of("proposed_by", "Proposed by", 20, key="proposed_by_name"),
        column_of("proposed_at", "Proposed (UTC)"),
        column_of("started_at", "Started (UTC)"),
        column_of("ended_at", "Ended (UTC)"),
        column_of("is_restricted", "Restricted", 10, labels=YES_NO),
    ),
)
