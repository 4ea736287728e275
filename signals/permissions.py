"""Who may push, see and change signals and their thresholds."""

from typing import Any

from kit.rights import permission
from people import permissions as people
from people.models import User
from people.states import Role


@permission("signals.ingest")
def may_ingest(user: User, obj: Any) -> bool:
    """A member, or a token made to push signals."""
    return people.may_ingest(user)


@permission("signals.view")
def may_view(user: User, obj: Any) -> bool:
    return people.may_read(user)


@permission("signals.threshold_propose")
def may_propose(user: User, obj: Any) -> bool:
    """Anybody who may write: a proposal judges nothing."""
    return people.may_write(user)


@permission("signals.threshold_agree")
def may_agree(user: User, obj: Any) -> bool:
    """A risk manager agrees and declines; meetings do it through their decisions."""
    return people.may_write(user, Role.RISK_MANAGER)


@permission("signals.series_change")
def may_change_series(user: User, obj: Any) -> bool:
    """A risk manager; whoever is in the team that owns the model."""
    if not people.may_write(user):
        return False
    if obj is None or user.is_at_least(Role.RISK_MANAGER):
        return True
    return obj.model is not None and obj.model.owner_team_id in user.team_ids


@permission("signals.source_change")
def may_change_source(user: User, obj: Any) -> bool:
    """The source's owner; a risk manager."""
    if not people.may_write(user):
        return False
    return obj is None or user.is_at_least(Role.RISK_MANAGER) or obj.owner_id == user.pk


@permission("signals.delivery_view")
def may_see_deliveries(user: User, obj: Any) -> bool:
    """What a source sent may hold what the tool should not have said: its owner and risk managers read it."""
    if not people.may_read(user):
        return False
    return obj is None or user.is_at_least(Role.RISK_MANAGER) or obj.owner_id == user.pk
