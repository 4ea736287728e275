"""What the lists of runs and of workflows export: the columns and the rows."""

import json

from django.db.models import F, Q, QuerySet

from catalogue.filters.run import RUNS
from catalogue.filters.workflow import REPRODUCED_ORDER, WORKFLOWS
from catalogue.states import RunState
from lists.export_files import YES_NO, ExportColumn, column_of, page_below
from lists.exporting import Export

_OF_RUNS = (
    "id", "name", "state", "started_at", "ended_at", "data_set", "code", "parameters", "metrics", "artefacts",
    "is_reproduced", "link", "note",
)  # fmt: skip
_NAMED_OF_RUNS = {
    "workflow_name": F("workflow__name"),
    "model_name": F("workflow__model__name"),
    "recipe": F("workflow_version__number"),
    "run_by_name": F("run_by__name"),
    "version_name": F("model_version__name"),
    "repeats_name": F("repeats__name"),
    "is_restricted": Q(subject__viewers__isnull=False),
}
_OF_WORKFLOWS = ("id", "name", "purpose", "reproduce_days", "tolerance", "is_retired", "reproduced_at")
_NAMED_OF_WORKFLOWS = {
    "model_name": F("model__name"),
    "owner_name": F("owner__name"),
    "reproduced_by_name": F("reproduced_by__name"),
    "reproduced_order": REPRODUCED_ORDER,
    "is_restricted": Q(subject__viewers__isnull=False),
}


def _runs(rows: QuerySet) -> QuerySet:
    return rows.values(*_OF_RUNS, **_NAMED_OF_RUNS)


def _workflows(rows: QuerySet) -> QuerySet:
    return rows.values(*_OF_WORKFLOWS, **_NAMED_OF_WORKFLOWS)


def _json(name: str, label: str) -> ExportColumn:
    """Return the column of an object or a list, as JSON text."""
    return ExportColumn(name, label, lambda row: json.dumps(row[name], ensure_ascii=False), width=40)


RUN_EXPORT = Export(
    name="runs",
    spec=RUNS,
    values=_runs,
    path=page_below("catalogue:run_list", key="id"),
    columns=(
        column_of("id", "Number", 9),
        column_of("name", "Run", 20),
        column_of("workflow", "Workflow", 24, key="workflow_name"),
        column_of("model", "Model", 24, key="model_name"),
        column_of("recipe", "Version of the recipe", 10),
        column_of("state", "State", 12, labels=dict(RunState.choices)),
        column_of("started_at", "Started (UTC)", 16),
        column_of("ended_at", "Ended (UTC)", 16),
        column_of("run_by", "Run by", 20, key="run_by_name"),
        column_of("data_set", "Data set", 24),
        column_of("code", "Code", 24),
        _json("parameters", "Parameters"),
        _json("metrics", "Metrics"),
        _json("artefacts", "Artefacts"),
        column_of("model_version", "Model version", 14, key="version_name"),
        column_of("repeats", "Repeats", 14, key="repeats_name"),
        column_of("is_reproduced", "Same results", 12, labels=YES_NO),
        column_of("link", "Link", 30),
        column_of("note", "Note", 40),
        column_of("is_restricted", "Restricted", 10, labels=YES_NO),
    ),
)
WORKFLOW_EXPORT = Export(
    name="workflows",
    spec=WORKFLOWS,
    values=_workflows,
    path=page_below("catalogue:workflow_list", key="id"),
    columns=(
        column_of("id", "Number", 9),
        column_of("name", "Workflow", 24),
        column_of("model", "Model", 24, key="model_name"),
        column_of("purpose", "Purpose", 40),
        column_of("owner", "Owner", 20, key="owner_name"),
        column_of("reproduced_at", "Last reproduced (UTC)", 18),
        column_of("reproduced_by", "Last reproduced by", 20, key="reproduced_by_name"),
        column_of("reproduce_days", "Reproduce every (days)", 12),
        column_of("tolerance", "Tolerance (%)", 12),
        column_of("is_retired", "Retired", 10, labels=YES_NO),
        column_of("is_restricted", "Restricted", 10, labels=YES_NO),
    ),
)
