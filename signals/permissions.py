"""Who may send, see and change signals and their thresholds."""

from collections.abc import Sequence
from typing import Any

from catalogue.models import Model
from catalogue.queries.decision_right import Decider, decider, deciders
from catalogue.states import RightKind
from kit.rights import permission
from people import permissions as people
from people.models import User
from people.states import Role
from signals.models import Mute, Threshold, ThresholdVersion
from signals.states import RIGHT_OF_KIND, SignalKind


@permission("signals.ingest")
def may_ingest(user: User, obj: Any) -> bool:
    """Return True for members, and for tokens of scope ingest."""
    return people.may_ingest(user)


@permission("signals.view")
def may_view(user: User, obj: Any) -> bool:
    return people.may_read(user)


@permission("signals.threshold_propose")
def may_propose(user: User, obj: Any) -> bool:
    """Return True for everyone who may write: a proposal has no effect until it is agreed."""
    return people.may_write(user)


@permission("signals.threshold_agree", for_people=True)
def may_agree(user: User, obj: Any) -> bool:
    """Return True for risk managers, and for holders of the decision right for this kind of signal.

    obj: a threshold or a version of it.
    """
    if not people.may_write(user):
        return False
    if obj is None or user.is_at_least(Role.RISK_MANAGER):
        return True
    threshold = obj.threshold if isinstance(obj, ThresholdVersion) else obj
    return may_agree_with(user, decider_on(threshold))


@permission("signals.threshold_mute", for_people=True)
def may_mute(user: User, obj: Any) -> bool:
    """Return True for who may agree to a threshold, the team of its model, and the owner of its source.

    obj: a threshold or a mute of it.
    """
    if not people.may_write(user):
        return False
    if obj is None:
        return True
    threshold = obj.threshold if isinstance(obj, Mute) else obj
    model = threshold.series.model if threshold.series else None
    if model is not None and model.owner_team_id in user.team_ids:
        return True
    if threshold.source is not None and threshold.source.owner_id == user.pk:
        return True
    return may_agree(user, threshold)


def may_agree_with(user: User, holder: Decider) -> bool:
    """Return may_agree() for a threshold whose decider_on() is `holder`. No query."""
    if not people.may_write(user):
        return False
    return user.is_at_least(Role.RISK_MANAGER) or holder.is_held_by(user)


def decider_on(threshold: Threshold) -> Decider:
    """Return who holds the decision right for a threshold, by the kind of its signal. One or two queries."""
    kind, model = _asked(threshold)
    return decider(kind, model=model)


def deciders_on(thresholds: Sequence[Threshold]) -> dict[int, Decider]:
    """Return threshold id -> decider_on(), for thresholds that are loaded with their models. One query."""
    found = deciders([_asked(threshold) for threshold in thresholds])
    return {threshold.pk: holder for threshold, holder in zip(thresholds, found, strict=True)}


def _asked(threshold: Threshold) -> tuple[RightKind, Model | None]:
    series = threshold.series
    kind = RIGHT_OF_KIND[SignalKind(series.kind)] if series else RightKind.MODEL_CHANGE
    return kind, series.model if series else None


@permission("signals.dashboard_add")
def may_add_dashboard(user: User, obj: Any) -> bool:
    """Return True for everyone who may write: a dashboard shows nothing that its reader may not see."""
    return people.may_write(user)


@permission("signals.dashboard_change")
def may_change_dashboard(user: User, obj: Any) -> bool:
    """Return True for the author, the members of its team, and risk managers."""
    if not people.may_write(user):
        return False
    if obj is None or user.is_at_least(Role.RISK_MANAGER):
        return True
    return obj.author_id == user.pk or obj.team_id in user.team_ids


@permission("signals.series_change")
def may_change_series(user: User, obj: Any) -> bool:
    """Return True for risk managers and for members of the team that owns the model."""
    if not people.may_write(user):
        return False
    if obj is None or user.is_at_least(Role.RISK_MANAGER):
        return True
    return obj.model is not None and obj.model.owner_team_id in user.team_ids


@permission("signals.source_change")
def may_change_source(user: User, obj: Any) -> bool:
    """Return True for the source's owner and for risk managers."""
    if not people.may_write(user):
        return False
    return obj is None or user.is_at_least(Role.RISK_MANAGER) or obj.owner_id == user.pk


@permission("signals.delivery_view")
def may_see_deliveries(user: User, obj: Any) -> bool:
    """Return True for the source's owner and for risk managers: a payload may contain confidential data."""
    if not people.may_read(user):
        return False
    return obj is None or user.is_at_least(Role.RISK_MANAGER) or obj.owner_id == user.pk
