"""What the lists of runs and of workflows export: the columns and the rows."""

import json
from functools import cache
from typing import Any

from django.db.models import F, Q, QuerySet
from django.urls import reverse

from catalogue.filters.run import RUNS
from catalogue.filters.workflow import REPRODUCED_ORDER, WORKFLOWS
from catalogue.states import RunState
from lists.export_files import YES_NO, ExportColumn, Row
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


@cache
def _list_path(name: str) -> str:
    return reverse(name)


def _runs(rows: QuerySet) -> QuerySet:
    return rows.values(*_OF_RUNS, **_NAMED_OF_RUNS)


def _workflows(rows: QuerySet) -> QuerySet:
    return rows.values(*_OF_WORKFLOWS, **_NAMED_OF_WORKFLOWS)


def _of(name: str, label: str, width: int = 14, *, key: str = "", **labels: Any) -> ExportColumn:
    """Return the column of one value of the row. key: its name in the row, where it differs."""
    return ExportColumn(name, label, lambda row: row[key or name], width=width, **labels)


def _json(name: str, label: str) -> ExportColumn:
    """Return the column of an object or a list, as JSON text."""
    return ExportColumn(name, label, lambda row: json.dumps(row[name], ensure_ascii=False), width=40)


def _run_path(row: Row) -> str:
    return f"{_list_path('catalogue:run_list')}{row['id']}/"


def _workflow_path(row: Row) -> str:
    return f"{_list_path('catalogue:workflow_list')}{row['id']}/"


RUN_EXPORT = Export(
    name="runs",
    spec=RUNS,
    values=_runs,
    path=_run_path,
    columns=(
        _of("id", "Number", 9),
        _of("name", "Run", 20),
        _of("workflow", "Workflow", 24, key="workflow_name"),
        _of("model", "Model", 24, key="model_name"),
        _of("recipe", "Version of the recipe", 10),
        _of("state", "State", 12, labels=dict(RunState.choices)),
        _of("started_at", "Started (UTC)", 16),
        _of("ended_at", "Ended (UTC)", 16),
        _of("run_by", "Run by", 20, key="run_by_name"),
        _of("data_set", "Data set", 24),
        _of("code", "Code", 24),
        _json("parameters", "Parameters"),
        _json("metrics", "Metrics"),
        _json("artefacts", "Artefacts"),
        _of("model_version", "Model version", 14, key="version_name"),
        _of("repeats", "Repeats", 14, key="repeats_name"),
        _of("is_reproduced", "Same results", 12, labels=YES_NO),
        _of("link", "Link", 30),
        _of("note", "Note", 40),
        _of("is_restricted", "Restricted", 10, labels=YES_NO),
    ),
)
WORKFLOW_EXPORT = Export(
    name="workflows",
    spec=WORKFLOWS,
    values=_workflows,
    path=_workflow_path,
    columns=(
        _of("id", "Number", 9),
        _of("name", "Workflow", 24),
        _of("model", "Model", 24, key="model_name"),
        _of("purpose", "Purpose", 40),
        _of("owner", "Owner", 20, key="owner_name"),
        _of("reproduced_at", "Last reproduced (UTC)", 18),
        _of("reproduced_by", "Last reproduced by", 20, key="reproduced_by_name"),
        _of("reproduce_days", "Reproduce every (days)", 12),
        _of("tolerance", "Tolerance (%)", 12),
        _of("is_retired", "Retired", 10, labels=YES_NO),
        _of("is_restricted", "Restricted", 10, labels=YES_NO),
    ),
)
