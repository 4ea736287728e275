"""Who may do what with escalations and ladders. visible_to() hides restricted ones."""

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
    """Return True for everyone, also viewers: a role must not delay something urgent."""
    return may_write(user, Role.VIEWER)


@permission("risklog.escalation_change", for_people=True)
def may_change(user: User, escalation: Any) -> bool:
    """Return True for people it was escalated to, its assignee, members of its team, and risk managers.

    Viewers only read, also those who were notified.
    """
    if not may_write(user):
        return False
    if escalation is None or user.is_at_least(Role.RISK_MANAGER) or escalation.acknowledged_by_id == user.pk:
        return True
    if escalation.team_id and escalation.team_id in user.team_ids:
        return True
    return any(user.pk in climb.notified_ids for climb in escalation.climbs.all())


@permission("risklog.escalation_reveal", for_people=True)
def may_reveal(user: User, escalation: Any) -> bool:
    """Return True for administrators, of whom two together reveal who escalated anonymously."""
    return may_write(user, Role.ADMINISTRATOR)


@permission("risklog.ladder_view")
def may_view_ladders(user: User, ladder: Any) -> bool:
    """Return True for everyone, because people must know the ladder before they are notified."""
    return may_read(user)


@permission("risklog.ladder_change")
def may_change_ladder(user: User, ladder: Any) -> bool:
    return may_write(user, Role.RISK_MANAGER)
