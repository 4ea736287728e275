"""Who may see, declare and change incidents. visible_to() hides restricted ones."""

from typing import Any

from kit.rights import permission
from people.models import User
from people.permissions import may_read, may_write
from people.states import Role


@permission("incidents.incident_view")
def may_view(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("incidents.incident_add")
def may_add(user: User, obj: Any) -> bool:
    """Return True for members. Viewers only read."""
    return may_write(user)


@permission("incidents.incident_change")
def may_change(user: User, incident: Any) -> bool:
    """Return True for who declared it, who has a role in it, members of its team, and risk managers."""
    if not may_write(user):
        return False
    if incident is None or user.is_at_least(Role.RISK_MANAGER):
        return True
    people = (incident.declared_by_id, incident.lead_id, incident.scribe_id, incident.communications_id)
    return user.pk in people or incident.team_id in user.team_ids


@permission("incidents.part_change")
def may_change_part(user: User, part: Any) -> bool:
    """Return True for those who may change the incident of a line or of a further model."""
    return may_change(user, part.incident if part else None)


@permission("incidents.role_take", for_people=True)
def may_take_role(user: User, incident: Any) -> bool:
    """Return True for every member: whoever may see an incident may help."""
    return may_write(user)
