"""Queries of runs: lists, one run, and the comparison of two."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from catalogue.comparing import Section, by_name, flat, pairs_of
from catalogue.models import Run, Version, Workflow
from catalogue.reproduction import freshness
from kit.sight import Visitor

SHOWN_RUNS = 10
_RELATIONS = (
    "subject",
    "workflow__subject",
    "workflow__model__subject",
    "workflow__model__owner_team",
    "workflow_version",
    "model_version",
    "run_by__subject",
    "repeats__subject",
    "repeats__workflow",
    "repeats__workflow_version",
)


def runs(user: Visitor) -> QuerySet[Run]:
    """Return the runs that this reader may see, the newest first."""
    return Run.objects.visible_to(user).select_related(*_RELATIONS).order_by("-started_at", "-pk")


def of_workflow(user: Visitor, workflow: Workflow) -> list[Run]:
    """Return the newest runs of a workflow, as many as its page shows. One query."""
    return list(runs(user).filter(workflow=workflow)[:SHOWN_RUNS])


def that_made(user: Visitor, version: Version) -> list[Run]:
    """Return the newest runs that made a version of a model. One query."""
    return list(runs(user).filter(model_version=version)[:SHOWN_RUNS])


def repetitions(user: Visitor, run: Run) -> list[Run]:
    """Return the newest repetitions of a run. One query."""
    return list(runs(user).filter(repeats=run)[:SHOWN_RUNS])


def others(user: Visitor, run: Run) -> list[Run]:
    """Return the newest other runs of its workflow, to compare it with. One query."""
    return list(runs(user).filter(workflow=run.workflow).exclude(pk=run.pk)[:SHOWN_RUNS])


def set_freshness(workflows: Iterable[Workflow], at: datetime) -> None:
    """Set `freshness` of each workflow."""
    for row in workflows:
        row.freshness = freshness(row.reproduced_at, row.reproduce_days, at)


def comparison(left: Run, right: Run) -> list[Section]:
    """Return what two runs have in common and what differs, part by part. No query."""
    first, second = left.workflow_version, right.workflow_version
    parts = (
        ("run", "Run", _about(left), _about(right)),
        ("metrics", "Metrics", left.metrics, right.metrics),
        ("parameters", "Parameters", flat(left.parameters), flat(right.parameters)),
        ("artefacts", "Artefacts", _artefacts(left), _artefacts(right)),
        ("configuration", "Configuration", flat(first.configuration), flat(second.configuration)),
        (
            "data_schema",
            "Data schema",
            by_name(first.data_schema, "type"),
            by_name(second.data_schema, "type"),
        ),
        ("steps", "Feature steps", by_name(first.steps, "details"), by_name(second.steps, "details")),
    )
    return [Section(name, title, pairs_of(one, other)) for name, title, one, other in parts]


def _artefacts(run: Run) -> dict[str, Any]:
    return by_name(run.artefacts, "digest", "link")


def _about(run: Run) -> dict[str, Any]:
    """Return what a run was, with the parts of its recipe that are one text."""
    recipe = run.workflow_version
    return {
        "Workflow": f"{run.workflow.model.name}: {run.workflow.name}",
        "Version of the recipe": str(recipe.number),
        "State": run.get_state_display(),
        "Model version": run.model_version.name if run.model_version else "",
        "Data set": run.data_set,
        "Code": run.code or recipe.code,
        "Ingestion": recipe.ingestion,
        "Evaluation": recipe.evaluation,
    }
