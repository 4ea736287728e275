"""Who may read, propose, lead, challenge and answer experiments. visible_to() hides restricted ones."""

from typing import Any

from kit.rights import permission
from people.models import User
from people.permissions import may_read, may_write
from people.states import Role


@permission("risklog.experiment_view")
def may_view(user: User, experiment: Any) -> bool:
    return may_read(user)


@permission("risklog.experiment_add")
def may_add(user: User, experiment: Any) -> bool:
    """Return True for members. Viewers only read."""
    return may_write(user)


@permission("risklog.experiment_change")
def may_change(user: User, experiment: Any) -> bool:
    """Return True for the owners, for who proposed it, and for risk managers."""
    if not may_write(user):
        return False
    if experiment is None or user.is_at_least(Role.RISK_MANAGER) or experiment.proposed_by_id == user.pk:
        return True
    return experiment.is_owned_by(user)


@permission("risklog.experiment_challenge")
def may_challenge(user: User, experiment: Any) -> bool:
    """Return True for members. The operation refuses the owners, who answer."""
    return may_write(user)


@permission("risklog.challenge_answer")
def may_answer(user: User, challenge: Any) -> bool:
    """Return True for the current owners of its experiment."""
    if not may_write(user) or challenge is None:
        return may_write(user)
    return challenge.experiment.is_owned_by(user)


@permission("risklog.experiment_run_remove")
def may_remove_run(user: User, linked: Any) -> bool:
    """Return True for those who may change the experiment of the run."""
    return may_change(user, linked.experiment if linked else None)
