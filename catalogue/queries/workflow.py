"""Queries of workflows and of the versions of their recipes."""

from django.db.models import FilteredRelation, OuterRef, Q, QuerySet, Subquery

from catalogue.filters.workflow import REPRODUCED_ORDER
from catalogue.models import Workflow, WorkflowVersion
from kit.sight import Visitor
from lists.specification import Selection

SHOWN_VERSIONS = 5


def workflows(user: Visitor) -> QuerySet[Workflow]:
    """Return the workflows that this reader may see, each with `number`, that of its current recipe."""
    current = WorkflowVersion.objects.filter(workflow=OuterRef("pk"), is_current=True)
    rows = Workflow.objects.visible_to(user).select_related(
        "subject",
        "model__subject",
        "model__owner_team",
        "owner__subject",
        "reproduced_by__subject",
    )
    return rows.annotate(number=Subquery(current.values("number")), reproduced_order=REPRODUCED_ORDER)


def exported(user: Visitor, selection: Selection) -> QuerySet[Workflow]:
    """Return the workflows that an export filters: those in use, unless the selection asks for others."""
    rows = Workflow.objects.visible_to(user)
    return rows if "is_retired" in selection.values else rows.filter(is_retired=False)


def with_recipes(rows: QuerySet[Workflow]) -> QuerySet[Workflow]:
    """Return workflows joined with their current version as `recipe`, for `.values()`."""
    is_current = Q(versions__is_current=True)
    return rows.annotate(recipe=FilteredRelation("versions", condition=is_current))


def versions(workflow: Workflow) -> QuerySet[WorkflowVersion]:
    """Return the versions of a workflow, the latest first."""
    return workflow.versions.select_related("author__subject").order_by("-number")


def version_numbered(workflow: Workflow, number: int | None) -> WorkflowVersion | None:
    """Return the version of this number, the current one without a number; None if there is none."""
    condition = {"is_current": True} if number is None else {"number": number}
    return versions(workflow).filter(**condition).first()
