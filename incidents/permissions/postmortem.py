"""Who may change post-incident reviews, and who sets the duties to report outside."""

from typing import Any

from incidents.permissions.incident import may_change
from kit.rights import permission
from people.models import User
from people.permissions import may_write
from people.states import Role


@permission("incidents.postmortem_change")
def may_change_review(user: User, postmortem: Any) -> bool:
    """Return True for those who may change the incident. Observers read and comment."""
    return may_change(user, postmortem.incident if postmortem else None)


@permission("incidents.duty_change")
def may_change_duty(user: User, duty: Any) -> bool:
    return may_write(user, Role.ADMINISTRATOR)
