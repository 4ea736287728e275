"""The events of this room."""

from history.declarations import EventType, Mail, Payload, remove
from history.recipients import listed_in_payload
from history.states import NewsGroup
from incidents import mail
from incidents.recipients import (
    former_observer,
    handlers,
    managers_if_critical,
    new_observer,
    observers,
    owners_of_models,
)
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


class RoleAssigned(Payload, verb="incidents.role_assigned"):
    """role: an IncidentRole. to, former: subject ids, None for nobody. told: user ids of both."""

    role: str
    to: int | None = None
    former: int | None = None
    note: str | None = None
    told: list[int]


class UpdateSent(Payload, verb="incidents.update_sent"):
    text: str


class ModelInvolved(Payload, verb="incidents.model_involved"):
    model: int  # subject id


class ModelReleased(Payload, verb="incidents.model_released"):
    model: int  # subject id


class PostmortemOpened(Payload, verb="incidents.postmortem_opened"):
    """observers, told: user ids; told: who handled the incident."""

    due_on: str
    observers: list[int]
    told: list[int]


class PostmortemReopened(Payload, verb="incidents.postmortem_reopened"):
    """Its incident came back after the review was done, and is resolved again. told: as above."""

    due_on: str
    told: list[int]


class ObserverReplaced(Payload, verb="incidents.observer_replaced", upcasters=(remove("released"),)):
    """Somebody no longer qualifies as an observer. about: their subject id. asked: a user id.

    why: it is read after "who". asked: who observes in their place, None if nobody was available.
    """

    about: int
    why: str
    asked: int | None = None


class ReviewObservationEnded(Payload, verb="incidents.observation_ended"):
    """On a person: they no longer observe a review. about: its subject id. why: it is read after "who"."""

    about: int
    why: str


class PostmortemReminded(Payload, verb="incidents.postmortem_reminded"):
    due_on: str
    told: list[int]


class PostmortemOverdue(Payload, verb="incidents.postmortem_overdue"):
    due_on: str
    told: list[int]


class RiskAnswered(Payload, verb="incidents.risk_answered"):
    """answer: a RiskAnswer. risk: its subject id."""

    answer: str
    risk: int


class DutyApplied(Payload, verb="incidents.duty_applied"):
    name: str
    due_on: str


_CONCERNED = (handlers, owners_of_models, managers_if_critical, watchers)

EVENTS = (
    EventType(
        "incidents.incident_declared",
        (owners_of_models, managers_if_critical),
        Mail(
            "incident",
            mail.context,
            mail.is_still_ongoing,
            is_wanted=mail.is_severe,
            goes_to_stand_in=True,
        ),
        is_urgent=True,
        group=NewsGroup.INCIDENTS,
    ),
    EventType(
        RoleAssigned,
        (listed_in_payload("told", reason="Your role in an incident changed"),),
        Mail("incident", mail.context, mail.is_still_in_role),
        is_urgent=True,
        group=NewsGroup.INCIDENTS,
    ),
    EventType(
        UpdateSent,
        _CONCERNED,
        Mail("incident", mail.context, mail.is_not_withdrawn),
        group=NewsGroup.INCIDENTS,
    ),
    EventType("incidents.timeline_noted", is_minor=True),
    EventType("incidents.timeline_changed", is_minor=True),
    EventType("incidents.timeline_removed", is_minor=True),
    EventType(ModelInvolved, is_minor=True),
    EventType("incidents.model_version_changed", is_minor=True),
    EventType(ModelReleased, is_minor=True),
    EventType(IncidentJoined, (handlers,), group=NewsGroup.INCIDENTS),
    EventType("incidents.incident_changed", is_minor=True),
    EventType(IncidentMitigated, _CONCERNED, group=NewsGroup.INCIDENTS),
    EventType(IncidentResolved, _CONCERNED, group=NewsGroup.INCIDENTS),
    EventType(IncidentReopened, _CONCERNED, is_urgent=True, group=NewsGroup.INCIDENTS),
    EventType("incidents.incident_reviewed"),
    EventType(
        PostmortemOpened,
        (observers, listed_in_payload("told", reason="You handled this incident, which is now reviewed")),
        group=NewsGroup.INCIDENTS,
    ),
    EventType(
        PostmortemReopened,
        (
            observers,
            listed_in_payload("told", reason="You handled this incident, whose review is open again"),
        ),
        group=NewsGroup.INCIDENTS,
    ),
    EventType("incidents.observers_chosen", is_minor=True),
    EventType(ObserverReplaced, (new_observer,), group=NewsGroup.INCIDENTS),
    EventType(
        ReviewObservationEnded,
        (former_observer,),
        is_minor=True,
        is_private=True,
        is_public=False,
        group=NewsGroup.INCIDENTS,
    ),
    EventType("incidents.postmortem_changed", is_minor=True),
    EventType(RiskAnswered),
    EventType(
        PostmortemReminded,
        (listed_in_payload("told", reason="The post-incident review is due soon"),),
        group=NewsGroup.INCIDENTS,
        answered_by=("incidents.postmortem_finished",),
    ),
    EventType(
        PostmortemOverdue,
        (listed_in_payload("told", reason="The post-incident review is overdue"),),
        is_urgent=True,
        group=NewsGroup.INCIDENTS,
        answered_by=("incidents.postmortem_finished",),
    ),
    EventType("incidents.postmortem_finished", (observers,), group=NewsGroup.INCIDENTS),
    EventType(DutyApplied),
    EventType("incidents.duty_added"),
    EventType("incidents.duty_changed"),
    EventType("incidents.duty_retired"),
    EventType("incidents.duty_restored"),
    EventType(IncidentWithdrawn, _CONCERNED, group=NewsGroup.INCIDENTS),
    EventType(IncidentRestricted, is_minor=True),
    EventType(IncidentOpenedToAll, is_minor=True),
)
