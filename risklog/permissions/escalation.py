"""Who may do what with escalations and ladders. A restricted one is kept away by visible_to()."""

from typing import Any

from kit.rights import permission
from people.models import User
from people.permissions import may_read, may_write
from people.states import Role


@permission("risklog.escalation_view")
def may_view(user: User, escalation: Any) -> bool:
    return may_read(user)


@permission("risklog.escalation_raise")
def may_raise(user: User, escalation: Any) -> bool:
    """Anybody, viewers too: what is urgent is not held up by a role."""
    return may_write(user, Role.VIEWER)


@permission("risklog.escalation_change")
def may_change(user: User, escalation: Any) -> bool:
    """Who was called by it or has it in hand, whatever their role; the team it concerns; risk managers."""
    if not may_write(user, Role.VIEWER):
        return False
    if escalation is None or user.is_at_least(Role.RISK_MANAGER) or escalation.acknowledged_by_id == user.pk:
        return True
    if user.is_at_least(Role.MEMBER) and escalation.team_id and escalation.team_id in user.team_ids:
        return True
    return any(user.pk in climb.told for climb in escalation.climbs.all())


@permission("risklog.ladder_view")
def may_view_ladders(user: User, ladder: Any) -> bool:
    """Everybody: a ladder that is not known in advance calls nobody to order."""
    return may_read(user)


@permission("risklog.ladder_change")
def may_change_ladder(user: User, ladder: Any) -> bool:
    return may_write(user, Role.RISK_MANAGER)
