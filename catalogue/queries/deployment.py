"""Deployments, and announced deployment windows."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import JSONObject

from catalogue.models import ChangeRequest, Deployment, Model
from catalogue.states import ChangeRoute, ChangeState, DeploymentState
from history.models import RecordedQuerySet
from kit.sight import Visitor
from people.models import Membership
from people.states import Role

PRODUCTION = "production"


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
    """Return the change requests whose window is announced: signed off, or an open emergency.

    An announced window mutes. So an emergency that nobody signed counts only if whoever opened it may change
    the model (catalogue.model_change): otherwise any member could silence any model.
    """
    in_team = Membership.objects.filter(team=OuterRef("model__owner_team"), user=OuterRef("opened_by"))
    by_insider = (
        Q(opened_by__isnull=True)  # opened by Riskhub itself
        | Q(opened_by=F("model__developer"))
        | Q(opened_by__role__in=(Role.RISK_MANAGER, Role.ADMINISTRATOR))
        | Exists(in_team)
    )
    emergency = Q(state=ChangeState.OPEN, route=ChangeRoute.EMERGENCY) & by_insider
    return ChangeRequest.objects.filter(Q(state=ChangeState.SIGNED) | emergency, window_from__isnull=False)


def open_windows(model_ids: Iterable[int], at: datetime) -> dict[int, ChangeRequest]:
    """Return model id -> the change request whose announced window is open at this moment. One query.

    A window counts once its request is signed off. That of an emergency counts at once, until it is declined,
    see announced_windows().
    The start belongs to the window, the end does not. Of several windows the one that ends last is returned.
    """
    rows = announced_windows().filter(model__in=list(model_ids), window_from__lte=at, window_until__gt=at)
    return {row.model_id: row for row in rows.select_related("subject").order_by("window_until", "id")}


def version_at(user: Visitor, moment: str | Value) -> Subquery:
    """Return, for .annotate() of rows with a `model`, which version was in production at a moment.

    moment: the name of a field of the row, or a value. The answer is {"id", "name"}, null if none is known or
    the reader may not see the model. A version that was rolled back before the moment does not count.
    """
    at = OuterRef(moment) if isinstance(moment, str) else moment
    rows = Deployment.objects.filter(
        model=OuterRef("model"),
        model__in=Model.objects.visible_to(user),
        environment=PRODUCTION,
        deployed_at__lte=at,
    ).exclude(state=DeploymentState.ROLLED_BACK, settled_at__lte=at)
    facts = JSONObject(id="model_version_id", name="model_version__name")
    return Subquery(rows.order_by("-deployed_at", "-id").values(facts=facts)[:1])
