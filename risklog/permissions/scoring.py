"""Who may lead a round of scoring, and who may score. visible_to() hides restricted risks."""

from typing import Any

from kit.rights import permission
from people.models import User
from people.permissions import may_write
from people.states import Role


@permission("risklog.scoring_lead", for_people=True)
def may_lead(user: User, risk: Any) -> bool:
    """Return True for the owner of the risk and for risk managers."""
    if not may_write(user):
        return False
    return risk is None or user.is_at_least(Role.RISK_MANAGER) or risk.owner_id == user.pk


@permission("risklog.score_give", for_people=True)
def may_score(user: User, risk: Any) -> bool:
    """Return True for members. The operation refuses those who were not asked."""
    return may_write(user)


@permission("risklog.scoring_lead_of_round", for_people=True)
def may_lead_round(user: User, scoring_round: Any) -> bool:
    """Return True for who may lead the rounds of its risk."""
    return may_lead(user, None if scoring_round is None else scoring_round.risk)
