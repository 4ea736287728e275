"""The audit export of a workflow: all versions of its recipe, all runs, and its history, as one JSON file."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson
from django.db.models import Case, F, QuerySet, When

from catalogue.models import Run, Workflow, WorkflowVersion
from catalogue.queries import workflow as workflow_queries
from catalogue.recipes import PARTS
from catalogue.reproduction import freshness
from history.models import Event
from kit.sight import Visitor

# Name in an answer of the API and in the export -> path from the row.
RUN_COLUMNS = {
    **{
        name: name
        for name in (
            *("id", "version", "workflow_id", "name", "state", "started_at", "ended_at", "run_by_id"),
            *("data_set", "code", "parameters", "metrics", "artefacts", "repeats_id", "is_reproduced"),
            *("link", "note"),
        )
    },
    "workflow_name": "workflow__name",
    "model_slug": "workflow__model__slug",
    "number": "workflow_version__number",
    "model_version_name": "model_version__name",
}
WORKFLOW_COLUMNS = {
    **{
        name: name
        for name in (
            *("id", "version", "name", "purpose", "owner_id", "reproduce_days", "tolerance", "is_retired"),
            *("reproduced_at", "reproduced_by_id", "reproduced_run_id"),
        )
    },
    **{part: f"recipe__{part}" for part in PARTS},
    "number": "recipe__number",
    "model_slug": "model__slug",
}
VERSION_COLUMNS = {name: name for name in ("id", "number", *PARTS, "reason", "is_current", "author_id", "at")}
_EVENT_COLUMNS = {
    **{name: name for name in ("id", "at", "recorded_at", "verb", "via")},
    "subject_kind": "subject__kind",
    "object_id": "subject__object_id",
}
_BATCH = 200


def audit(user: Visitor, workflow: Workflow, at: datetime) -> Iterator[bytes]:
    """Return the parts of the file. user: who may see the workflow. Rows are read in batches."""
    runs = Run.objects.visible_to(user).filter(workflow=workflow)
    subjects = Workflow.objects.filter(pk=workflow.pk).values("subject").union(runs.values("subject"))
    events = Event.objects.visible_to(user).filter(subject__in=subjects).order_by("pk")
    actor = Case(When(is_actor_hidden=False, then=F("actor__title")))
    own = workflow_queries.with_recipes(Workflow.objects.filter(pk=workflow.pk))
    row = values_of(own, WORKFLOW_COLUMNS).get()
    row["freshness"] = freshness(workflow.reproduced_at, workflow.reproduce_days, at)
    versions = WorkflowVersion.objects.filter(workflow=workflow).order_by("number")
    return _chunks(
        {"exported_at": at, "workflow": row},
        {
            "versions": values_of(versions, VERSION_COLUMNS),
            "runs": values_of(runs.order_by("pk"), RUN_COLUMNS),
            "history": values_of(events, _EVENT_COLUMNS).annotate(actor_name=actor),
        },
    )


def values_of(rows: QuerySet, columns: Mapping[str, str]) -> QuerySet:
    """Return rows as `.values()` by the names of columns: name -> path."""
    direct = [name for name, path in columns.items() if name == path]
    return rows.values(*direct, **{name: F(path) for name, path in columns.items() if name != path})


def _chunks(head: dict[str, Any], parts: dict[str, QuerySet]) -> Iterator[bytes]:
    """Yield a JSON object: the head, then each part as a list."""
    yield orjson.dumps(head, option=orjson.OPT_UTC_Z)[:-1]
    for name, rows in parts.items():
        yield f',\n"{name}": ['.encode()
        for number, row in enumerate(rows.iterator(chunk_size=_BATCH)):
            yield (b",\n" if number else b"\n") + orjson.dumps(row, option=orjson.OPT_UTC_Z)
        yield b"]"
    yield b"}\n"
