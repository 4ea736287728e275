"""Who has which role in an incident."""

from dataclasses import dataclass

from incidents.models import Incident
from incidents.states import IncidentRole, IncidentState
from kit.rights import may
from people import queries as people
from people.models import User


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role in an incident. person: who has it, None for nobody. may_take: the reader may take it."""

    role: str
    label: str
    person: User | None
    may_take: bool


def may_hold_role(person: User) -> bool:
    """Return False for somebody who left or is a viewer: others may take their roles."""
    return person.is_active and not people.why_no_owner(person)


def roles_of(user: User, incident: Incident) -> list[HeldRole]:
    """Return all roles of an incident that is loaded with its people. No query."""
    is_active = incident.state != IncidentState.WITHDRAWN and may(user, "incidents.role_take", incident)
    found = []
    for role in IncidentRole:
        person: User | None = getattr(incident, role)
        found.append(HeldRole(role, role.label, person, is_active and not (person and may_hold_role(person))))
    return found
