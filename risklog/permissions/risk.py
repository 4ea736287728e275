"""Who may open the risk log, and who may create, change, accept and close a risk.

visible_to() hides restricted ones.
"""

from typing import Any

from kit.rights import permission
from people.models import User
from people.permissions import may_read, may_write
from people.states import Role


@permission("risklog.risk_view")
def may_view(user: User, risk: Any) -> bool:
    return may_read(user)


@permission("risklog.risk_add")
def may_add(user: User, risk: Any) -> bool:
    """Return True for members. Viewers only read."""
    return may_write(user)


@permission("risklog.risk_import")
def may_import(user: User, found: Any) -> bool:
    """Return True for members, each for their own imports. Each row needs the right for its risk as well."""
    return may_write(user) and (found is None or found.author_id == user.pk)


@permission("risklog.risk_change")
def may_change(user: User, risk: Any) -> bool:
    """Return True for the owner, members of the risk's team, the named reporter, and risk managers."""
    if not may_write(user):
        return False
    if risk is None or user.is_at_least(Role.RISK_MANAGER):
        return True
    return user.pk in (risk.owner_id, risk.raised_by_id) or risk.team_id in user.team_ids


@permission("risklog.risk_close")
def may_close(user: User, risk: Any) -> bool:
    return may_change(user, risk)


@permission("risklog.acceptance_withdraw", for_people=True)
def may_withdraw_acceptance(user: User, acceptance: Any) -> bool:
    """Return True for the proposer, and for risk managers."""
    if not may_write(user):
        return False
    return acceptance is None or user.is_at_least(Role.RISK_MANAGER) or acceptance.proposed_by_id == user.pk


@permission("risklog.acceptance_decide", for_people=True)
def may_decide_acceptance(user: User, acceptance: Any) -> bool:
    """Return True for risk managers who neither own the risk nor proposed the acceptance."""
    if acceptance is None:
        return may_accept(user, None)
    return may_accept(user, acceptance.risk) and acceptance.proposed_by_id != user.pk


@permission("risklog.risk_accept", for_people=True)
def may_accept(user: User, risk: Any) -> bool:
    """Return True for risk managers who do not own the risk."""
    return may_write(user, Role.RISK_MANAGER) and (risk is None or risk.owner_id != user.pk)
