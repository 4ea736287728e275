"""Write incidents: declare, join, change, mitigate, resolve, reopen, withdraw, restrict."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, Unpack

from django.db import transaction

from catalogue.models import Model, Version
from catalogue.queries.privacy import demanded_viewers
from history import operations as history
from history.models import Event, Subject
from history.operations import GrantReason, NewGrant, Placement, Reach
from incidents import events
from incidents.models import Incident, Postmortem
from incidents.models.incident import MAX_AFFECTED, MAX_TITLE
from incidents.moments import MOMENTS, problems, this_minute
from incidents.operations import duty, involved, postmortem, waiting_review
from incidents.queries import incident as queries
from incidents.states import IncidentSeverity, IncidentState
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from people.models import Team
from people.queries.restriction import restricted_to
from signals.models import BreachGroup
from talk.operations import watch

CHANGEABLE = frozenset(
    {"title", "severity", "summary", "affected", "model", "model_version", "team", *MOMENTS}
)
# The step that sets a moment, for an incident in which it has not happened yet.
_NOT_YET = {
    "mitigated_at": "The incident is not mitigated. Mark it as mitigated first.",
    "resolved_at": "The incident is not resolved. Resolve it first.",
}


class IncidentDetails(TypedDict, total=False):
    """The optional fields of a new incident. Without a team it gets the owner team of its model."""

    model: Model | None
    model_version: Version | None
    team: Team | None
    summary: str
    affected: str
    started_at: datetime | None
    noticed_at: datetime | None


@transaction.atomic
def declare(
    *,
    title: str,
    severity: str,
    by: Actor,
    at: datetime,
    about: Subject | None = None,
    viewers: Sequence[int] | None = None,
    cause: Event | None = None,
    **details: Unpack[IncidentDetails],
) -> Incident:
    """Declare an incident, or join the ongoing one about the same breach.

    about: what it is declared from: a breach, a risk or another subject. Everyone who may see that, or else
    the model, may see the incident. viewers: the subject ids of those who may see it instead.
    noticed_at: now if it is not given. Raises Refused with the name of the field.
    """
    values = _checked({"title": title, "severity": severity, **details})
    group = _locked_group(about)
    if group and (existing := _joinable(group, by=by, at=at)):
        return join(existing, title=values["title"], text=values.get("summary", ""), by=by, at=at)
    values.setdefault("model", group.model if group else None)
    if values["model"] is None and group:
        values["model"] = group.model
    model = values["model"]
    if values.get("noticed_at") is None:
        values["noticed_at"] = this_minute(at, values)
    values["team"] = values.get("team") or (model.owner_team if model else None)
    incident = Incident(
        **values,
        source=None if group else about,
        breach_group=group,
        declared_at=at,
        declared_by=by.person,
    )
    _check_version(incident)
    _check_moments(incident, {}, {name for name in MOMENTS if details.get(name) is not None}, at)
    placed = _placement(incident, about, viewers, by)
    history.record(incident, "incidents.incident_declared", by=by, at=at, cause=cause, placed=placed)
    duty.apply_to(incident, at=at)
    return incident


def join(incident: Incident, *, title: str, text: str, by: Actor, at: datetime) -> Incident:
    """Record that somebody declared an ongoing incident again. They watch it from now on.

    Its declarer adds nothing by sending the same words once more.
    """
    incident.was_joined = True
    if by.person == incident.declared_by and (title, text) == (incident.title, incident.summary):
        return incident
    payload = events.IncidentJoined(title=title, text=text.strip() or None)
    history.change(incident, {}, by=by, at=at, payload=payload)
    if by.person is not None:
        watch.start_unless_chosen(incident.subject, user=by.person, at=at)
    return incident


@transaction.atomic
def change(
    incident: Incident, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Incident:
    """Change fields of CHANGEABLE. The moments may be entered later, in any order.

    Raises Refused with the name of the field, IllegalMove if it is withdrawn, ChangedMeanwhile.
    """
    if unknown := set(values) - CHANGEABLE:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    if incident.state == IncidentState.WITHDRAWN:
        raise IllegalMove("This incident is withdrawn. Reopen it first.", field="state")
    given = _checked(values)
    if "model" in given and given["model"] != incident.model and "model_version" not in given:
        given["model_version"] = None
    for name, refusal in _NOT_YET.items():
        if given.get(name) is not None and getattr(incident, name) is None and _lacks(incident, name):
            raise Refused(refusal, field=name)
        if name in given and given[name] is None and getattr(incident, name) and not _lacks(incident, name):
            raise Refused("Enter when this happened, or reopen the incident.", field=name)
    differing = {name: value for name, value in given.items() if getattr(incident, name) != value}
    _check_version(incident, differing)
    _check_moments(incident, differing, set(differing) & set(MOMENTS), at)
    former = incident.noticed_at
    event = history.change(incident, differing, by=by, at=at, seen=seen)
    if "title" in differing:
        _retitle(incident)
    if "model" in differing:  # what it is mainly about is no further model
        for row in incident.involved.filter(model=incident.model, removed_at__isnull=True):
            involved.remove(row, by=by, at=at)
    if "noticed_at" in differing:
        duty.move_dates(incident, former, at=at, cause=event)
    if differing.keys() & {"severity", "model"}:
        duty.apply_to(incident, at=at)
    return incident


def _retitle(incident: Incident) -> None:
    """Update the title of an incident, and that of its review."""
    history.retitle(incident)
    for review in Postmortem.objects.filter(incident=incident):
        review.incident = incident
        history.retitle(review)


def _lacks(incident: Incident, name: str) -> bool:
    """Return True if the state of the incident says that this moment has not come yet."""
    if name == "resolved_at":
        return incident.state in (IncidentState.OPEN, IncidentState.MITIGATED)
    return incident.state == IncidentState.OPEN


@transaction.atomic
def mitigate(
    incident: Incident,
    *,
    by: Actor,
    at: datetime,
    mitigated_at: datetime | None = None,
    text: str = "",
    seen: int | None = None,
) -> Incident:
    """Note that the harm has stopped. mitigated_at: now if it is not given. text: what was done.

    Raises Refused(field="mitigated_at"), IllegalMove, ChangedMeanwhile.
    """
    values = {"mitigated_at": mitigated_at or this_minute(at, vars(incident))}
    payload = events.IncidentMitigated(text=text.strip() or None)
    _check_moments(incident, values, set(values), at)
    history.move(incident, IncidentState.MITIGATED, by=by, at=at, seen=seen, values=values, payload=payload)
    return incident


@transaction.atomic
def resolve(
    incident: Incident,
    *,
    by: Actor,
    at: datetime,
    resolved_at: datetime | None = None,
    text: str = "",
    seen: int | None = None,
) -> Incident:
    """Note that the cause is removed, and open the post-incident review.

    resolved_at: now if it is not given. text: what was done.

    Raises Refused(field="resolved_at"), IllegalMove, ChangedMeanwhile.
    """
    values = {"resolved_at": resolved_at or this_minute(at, vars(incident))}
    payload = events.IncidentResolved(text=text.strip() or None)
    _check_moments(incident, values, set(values), at)
    resolved = IncidentState.RESOLVED
    event = history.move(incident, resolved, by=by, at=at, seen=seen, values=values, payload=payload)
    postmortem.open_for(incident, by=SYSTEM, at=at, cause=event)
    return incident


@transaction.atomic
def reopen(incident: Incident, *, reason: str, by: Actor, at: datetime, seen: int | None = None) -> Incident:
    """Reopen an incident that came back, or that was withdrawn. What it had reached is unknown again.

    An open review waits: nobody is reminded of it, and its escalation ends. One that is done stays done until
    the incident is resolved again; postmortem.open_for() reopens it then.
    Raises Refused(field="reason"), IllegalMove, ChangedMeanwhile.
    """
    payload = events.IncidentReopened(reason=_reason(reason, "Enter why it is reopened."))
    if incident.breach_group_id and not incident.is_ongoing and incident.takes_reports:
        locked = BreachGroup.objects.select_for_update(of=("self",)).get(pk=incident.breach_group_id)
        if other := queries.ongoing_of_breach(locked.pk):
            is_named = by.person is not None and other.subject.is_visible_to(by.person)
            named = f", {other.reference}" if is_named else ""
            raise Refused(f"Another incident about the same breach is ongoing{named}. Use that one.")
    values = {"mitigated_at": None, "resolved_at": None}
    opened = IncidentState.OPEN
    event = history.move(incident, opened, by=by, at=at, seen=seen, values=values, payload=payload)
    waiting_review.wait_for(incident, by=SYSTEM, at=at, cause=event)
    return incident


@transaction.atomic
def withdraw(
    incident: Incident, *, reason: str, by: Actor, at: datetime, seen: int | None = None
) -> Incident:
    """Withdraw an incident that is none. Raises Refused(field="reason"), IllegalMove, ChangedMeanwhile."""
    payload = events.IncidentWithdrawn(reason=_reason(reason, "Enter why it is no incident."))
    history.move(incident, IncidentState.WITHDRAWN, by=by, at=at, seen=seen, payload=payload)
    return incident


@transaction.atomic
def restrict(
    incident: Incident, *, teams: Sequence[Team] | None, by: Actor, at: datetime, seen: int | None = None
) -> Incident:
    """Restrict the incident and everything below it to these teams; None shows it to everyone.

    Who declared it and who has a role still see it. Raises Refused(field="teams") for an empty list.
    """
    if teams is not None and not teams:
        raise Refused("Choose at least one team, or let everyone see it.", field="teams")
    viewers = None if teams is None else {team.subject_id for team in teams}
    if viewers == restricted_to(incident.subject_id):
        return incident
    payload = (
        events.IncidentOpenedToAll() if viewers is None else events.IncidentRestricted(teams=sorted(viewers))
    )
    history.change(incident, {}, by=by, at=at, seen=seen, payload=payload, raises_version=True)
    history.restrict(incident.subject, viewers)
    return incident


def _locked_group(about: Subject | None) -> BreachGroup | None:
    """Return the breach group that an incident is declared from, locked, so that one of two joins."""
    if about is None or about.kind != BreachGroup.KIND:
        return None
    rows = BreachGroup.objects.select_related("subject", "model__owner_team", "model__subject")
    return rows.select_for_update(of=("self",)).get(subject=about)


def _joinable(group: BreachGroup, *, by: Actor, at: datetime) -> Incident | None:
    """Return the ongoing incident of a breach, None without one that the actor may see.

    One that the actor may not see takes no reports from now on, so that they can declare their own.
    """
    existing = queries.ongoing_of_breach(group.pk)
    if existing is None:
        return None
    if by.person is None or existing.subject.is_visible_to(by.person):
        return existing
    history.change(existing, {"takes_reports": False}, by=SYSTEM, at=at)
    return None


def _placement(
    incident: Incident, about: Subject | None, viewers: Sequence[int] | None, by: Actor
) -> Placement:
    """Return the placement of a new incident: a root that starts as restricted as what it is about is.

    If that is open, the incident is restricted as the personal data of its model demands.
    """
    parent = about or (incident.model.subject if incident.model else None)
    if viewers is None:
        viewers = demanded_viewers(incident.model, parent)
    raiser = by.subject_id
    grants = [NewGrant(raiser, GrantReason.RAISER, Reach.ROOT)] if raiser else []
    return Placement(parent=parent, is_root=True, viewers=viewers, grants=grants)


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as they are stored. Raises Refused with the name of the field."""
    given = dict(values)
    for name, limit in (("title", MAX_TITLE), ("summary", 20_000), ("affected", MAX_AFFECTED)):
        if name in given:
            given[name] = given[name].strip()
            if len(given[name]) > limit:
                raise Refused(f"Use at most {limit} characters.", field=name)
    if "title" in given and not given["title"]:
        raise Refused("Enter what went wrong.", field="title")
    if "severity" in given and given["severity"] not in IncidentSeverity.values:
        raise Refused(f"Use one of {', '.join(IncidentSeverity.values)}.", field="severity")
    return given


def _check_version(incident: Incident, values: Mapping[str, Any] | None = None) -> None:
    """Raise Refused if the version is not one of the model."""
    changes = values or {}
    version = changes.get("model_version", incident.model_version)
    model = changes.get("model", incident.model)
    if version is not None and (model is None or version.model_id != model.pk):
        raise Refused("Choose a version of the model.", field="model_version")


def _check_moments(incident: Incident, values: Mapping[str, Any], given: set[str], now: datetime) -> None:
    """Raise Refused that names each moment which cannot be."""
    moments = {name: values.get(name, getattr(incident, name)) for name in MOMENTS}
    found = problems(moments, given, now=now)
    if found:
        (field, message), *further = found.items()
        raise Refused(message, field=field, further=dict(further))


def _reason(text: str, message: str) -> str:
    if not text.strip():
        raise Refused(message, field="reason")
    return text.strip()
