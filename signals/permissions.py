"""Who may send, see and change signals and their thresholds."""

from typing import Any

from kit.rights import permission
from people import permissions as people
from people.models import User
from people.states import Role


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


@permission("signals.threshold_agree")
def may_agree(user: User, obj: Any) -> bool:
    """Return True for risk managers. Meetings agree a version through a decision."""
    return people.may_write(user, Role.RISK_MANAGER)


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
