"""Deployments, and announced deployment windows."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from catalogue.models import ChangeRequest, Deployment
from catalogue.states import ChangeRoute, ChangeState
from history.models import RecordedQuerySet


def deployments() -> RecordedQuerySet[Deployment]:
    """Return all deployments, the latest first, with what a row needs. Callers add `.visible_to(user)`."""
    return Deployment.objects.select_related(
        "subject",
        "model__subject",
        "model__owner_team__lead",
        "model_version",
        "change__subject",
        "change__settled_by",
        "settled_by__subject",
    ).order_by("-deployed_at", "-id")


def announced_windows() -> RecordedQuerySet[ChangeRequest]:
    """Return the change requests whose window is announced: signed off, or an open emergency."""
    announced = Q(state=ChangeState.SIGNED) | Q(state=ChangeState.OPEN, route=ChangeRoute.EMERGENCY)
    return ChangeRequest.objects.filter(announced, window_from__isnull=False)


def open_windows(model_ids: Iterable[int], at: datetime) -> dict[int, ChangeRequest]:
    """Return model id -> the change request whose announced window is open at this moment. One query.

    A window counts once its request is signed off. That of an emergency counts at once, until it is declined.
    The start belongs to the window, the end does not. Of several windows the one that ends last is returned.
    """
    rows = announced_windows().filter(model__in=list(model_ids), window_from__lte=at, window_until__gt=at)
    return {row.model_id: row for row in rows.select_related("subject").order_by("window_until", "id")}
