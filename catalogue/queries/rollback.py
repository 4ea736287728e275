"""Queries of rollback procedures."""

from catalogue.models import RollbackProcedure
from history.models import RecordedQuerySet


def procedures() -> RecordedQuerySet[RollbackProcedure]:
    """Return all rollback procedures with what a page needs. Callers add `.visible_to(user)`."""
    return RollbackProcedure.objects.select_related(
        "subject", "model__subject", "model__owner_team", "owner__subject"
    )
