"""The recipients of this room's events."""

from history.models import Event
from history.recipients import everyone
from people.models import Membership, User
from people.states import Role


def team_members(team_id: int | None, reason: str) -> dict[int, str]:
    """Return the members of a team, nobody without one."""
    if team_id is None:
        return {}
    return everyone(Membership.objects.filter(team_id=team_id).values_list("user_id", flat=True), reason)


def risk_managers(event: Event) -> dict[int, str]:
    """Return the risk managers and administrators."""
    rows = User.objects.active().filter(role__in=[Role.RISK_MANAGER, Role.ADMINISTRATOR])
    return everyone(rows.values_list("pk", flat=True), "You manage the risk register")
