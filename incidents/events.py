"""The events of this room."""

from history.declarations import EventType, Payload
from history.states import NewsGroup
from incidents.recipients import handlers, managers_if_critical, owners_of_models
from talk.recipients import watchers


class IncidentJoined(Payload, verb="incidents.incident_joined"):
    """Somebody declared the same incident again. title, text: what they wrote."""

    title: str
    text: str | None = None


class IncidentMitigated(Payload, verb="incidents.incident_mitigated"):
    text: str | None = None


class IncidentResolved(Payload, verb="incidents.incident_resolved"):
    text: str | None = None


class IncidentReopened(Payload, verb="incidents.incident_reopened"):
    reason: str


class IncidentWithdrawn(Payload, verb="incidents.incident_withdrawn"):
    reason: str


class IncidentRestricted(Payload, verb="incidents.incident_restricted"):
    teams: list[int]  # subject ids


class IncidentOpenedToAll(Payload, verb="incidents.incident_opened_to_all"):
    """Everyone may see it from now on."""


_CONCERNED = (handlers, owners_of_models, managers_if_critical, watchers)

EVENTS = (
    EventType(
        "incidents.incident_declared",
        (owners_of_models, managers_if_critical),
        is_urgent=True,
        group=NewsGroup.INCIDENTS,
    ),
    EventType(IncidentJoined, (handlers,), group=NewsGroup.INCIDENTS),
    EventType("incidents.incident_changed", is_minor=True),
    EventType(IncidentMitigated, _CONCERNED, group=NewsGroup.INCIDENTS),
    EventType(IncidentResolved, _CONCERNED, group=NewsGroup.INCIDENTS),
    EventType(IncidentReopened, _CONCERNED, is_urgent=True, group=NewsGroup.INCIDENTS),
    EventType("incidents.incident_reviewed"),
    EventType(IncidentWithdrawn, _CONCERNED, group=NewsGroup.INCIDENTS),
    EventType(IncidentRestricted, is_minor=True),
    EventType(IncidentOpenedToAll, is_minor=True),
)
