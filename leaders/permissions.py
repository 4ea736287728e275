"""Who may see the executive page, set goals and hours, and answer what was raised."""

from typing import Any

from kit.rights import permission
from people.models import User
from people.permissions import may_read, may_write
from people.states import Role


@permission("leaders.goal_view")
def may_view_goals(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("leaders.goal_add")
def may_add_goals(user: User, obj: Any) -> bool:
    """Return True for members. The operation refuses a team that they do not lead."""
    return may_write(user, Role.MEMBER)


@permission("leaders.goal_change")
def may_change_goal(user: User, obj: Any) -> bool:
    """Return True for risk managers, the owner, and the lead of its team."""
    if obj is None or may_write(user, Role.RISK_MANAGER):
        return may_write(user, Role.MEMBER)
    is_own = obj.owner_id == user.pk or (obj.team is not None and obj.team.lead_id == user.pk)
    return is_own and may_write(user, Role.MEMBER)


@permission("leaders.executive_view")
def may_view_executive(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("leaders.answer", for_people=True)
def may_answer(user: User, obj: Any) -> bool:
    """Return True for the sponsor to whom an action was raised, and for risk managers.

    A sponsor is often a leader who otherwise only reads, so their role does not matter here.
    """
    is_asked = obj is None or obj.raised_to_id == user.pk
    return may_write(user, Role.VIEWER if is_asked else Role.RISK_MANAGER)


@permission("leaders.allotment_view")
def may_view_allotments(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("leaders.allotment_set", for_people=True)
def may_set_allotment(user: User, obj: Any) -> bool:
    """Return True for members: each sets only their own hours."""
    return may_write(user, Role.MEMBER)
