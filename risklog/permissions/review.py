"""Who may do what with reviews. A restricted one is kept away by visible_to()."""

from typing import Any

from kit.rights import permission
from people.models import User
from people.permissions import may_read, may_write
from people.states import Role


@permission("risklog.review_view")
def may_view(user: User, review: Any) -> bool:
    return may_read(user)


@permission("risklog.review_open")
def may_open(user: User, review: Any) -> bool:
    """Any member may call for a look at what they see."""
    return may_write(user)


@permission("risklog.review_answer")
def may_answer(user: User, review: Any) -> bool:
    """Those who were asked; a verdict can be changed until it is settled."""
    if not may_write(user):
        return False
    return review is None or any(one.user_id == user.pk for one in review.reviewers.all())


@permission("risklog.review_claim")
def may_claim(user: User, review: Any) -> bool:
    """Any member may take the lead, and ask others."""
    return may_write(user)


@permission("risklog.review_settle")
def may_settle(user: User, review: Any) -> bool:
    """The team that owns the model, and risk managers; a meeting settles by its decision."""
    if not may_write(user):
        return False
    if review is None or user.is_at_least(Role.RISK_MANAGER):
        return True
    return review.model is not None and review.model.owner_team_id in user.team_ids


@permission("risklog.review_give_back")
def may_give_back(user: User, review: Any) -> bool:
    """Who has the lead; and those who may settle it, when that person cannot."""
    return may_write(user) and (review is None or review.claimed_by_id == user.pk or may_settle(user, review))
