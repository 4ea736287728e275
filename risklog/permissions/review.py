"""Who may do what with reviews. visible_to() hides restricted ones."""

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
    """Return True for members: they may request a review of anything they see."""
    return may_write(user)


@permission("risklog.review_answer", for_people=True)
def may_answer(user: User, review: Any) -> bool:
    """Return True for the reviewers. They can change their verdict until the review is closed."""
    if not may_write(user):
        return False
    return review is None or any(
        row.user_id == user.pk and row.replaced_by_id is None for row in review.reviewers.all()
    )


@permission("risklog.review_claim", for_people=True)
def may_claim(user: User, review: Any) -> bool:
    """Return True for members: they may take the lead and add reviewers."""
    return may_write(user)


@permission("risklog.review_settle", for_people=True)
def may_settle(user: User, review: Any) -> bool:
    """Return True for the owner team of the model and for risk managers. A meeting settles by a decision."""
    if not may_write(user):
        return False
    if review is None or user.is_at_least(Role.RISK_MANAGER):
        return True
    return review.model is not None and review.model.owner_team_id in user.team_ids


@permission("risklog.review_give_back", for_people=True)
def may_give_back(user: User, review: Any) -> bool:
    """Return True for the lead, and for those who may settle the review, in case the lead cannot."""
    return may_write(user) and (review is None or review.claimed_by_id == user.pk or may_settle(user, review))


@permission("risklog.review_hand_over", for_people=True)
def may_hand_over(user: User, review: Any) -> bool:
    """Return True for the lead and for reviewers who have not answered: they pass their part on."""
    if not may_write(user):
        return False
    if review is None or review.claimed_by_id == user.pk:
        return True
    return any(
        row.user_id == user.pk and row.answered_at is None and row.replaced_by_id is None
        for row in review.reviewers.all()
    )
