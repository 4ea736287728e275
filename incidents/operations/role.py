"""Write who has which role in an incident: take it, give it, hand it over, give it up."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from history import operations as history
from history.models import Grant, Subject
from history.operations import GrantReason
from incidents import events
from incidents.models import Incident, Postmortem
from incidents.queries.role import may_hold_role
from incidents.states import IncidentRole, IncidentState
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from people import queries as people
from people.models import User

# An incident that is over: its roles end with it.
OVER = (IncidentState.REVIEWED, IncidentState.WITHDRAWN)


@transaction.atomic
def assign(
    incident: Incident,
    *,
    role: str,
    person: User | None,
    by: Actor,
    at: datetime,
    note: str = "",
    seen: int | None = None,
) -> Incident:
    """Give a role to a person, or to nobody. Who has it now may see the incident; both are told.

    role: an IncidentRole. note: what the next one must know. Raises Refused(field="role" or "person"),
    IllegalMove if the incident is withdrawn, ChangedMeanwhile.
    """
    if role not in IncidentRole.values:
        raise Refused(f"Use one of {', '.join(IncidentRole.values)}.", field="role")
    if incident.state == IncidentState.WITHDRAWN:
        raise IllegalMove("This incident is withdrawn. Reopen it first.", field="state")
    former: User | None = getattr(incident, role)
    if person == former:
        return incident
    if person is not None:
        _check(person)
    told = [one.pk for one in (person, former) if one is not None and one != by.person]
    payload = events.RoleAssigned(
        role=role,
        to=person.subject_id if person else None,
        former=former.subject_id if former else None,
        note=note.strip() or None,
        told=told,
    )
    history.change(incident, {role: person}, by=by, at=at, seen=seen, payload=payload)
    if person is not None:
        why = f"has a role in {incident.reference}"
        reason = GrantReason.HOLDER
        history.grant_sight(_seen(incident), [person], reason=reason, by=by, at=at, why=why)
    if former is not None and former.pk not in holders(incident):
        why = f"handed over a role in {incident.reference}"
        history.end_sight(_seen(incident), [former], reason=GrantReason.HOLDER, by=by, at=at, why=why)
    return incident


def show_missing(*, at: datetime, limit: int = 100) -> int:
    """Let people with a role see unfinished incidents and their reviews, where the grant is missing.

    Roles and reviews of an earlier release granted less. Returns how many incidents were changed.
    """
    found = list(_lacking().order_by("pk").values_list("pk", flat=True)[:limit])
    return sum(_show(pk, at=at) for pk in found)


def _lacking() -> QuerySet[Incident]:
    """Return the unfinished incidents of which an active person with a role lacks a grant. One query."""
    holding = Grant.objects.filter(reason=GrantReason.HOLDER, ended_at__isnull=True)
    condition = Q()
    for role in IncidentRole.values:
        own = holding.filter(person=OuterRef(f"{role}__subject"))
        lacks_incident = ~Exists(own.filter(subject=OuterRef("subject")))
        lacks_review = Q(postmortem__isnull=False) & ~Exists(
            own.filter(subject=OuterRef("postmortem__subject"))
        )
        condition |= Q(**{f"{role}__is_active": True}) & (lacks_incident | lacks_review)
    return Incident.objects.filter(condition).exclude(state__in=OVER)


@transaction.atomic
def _show(pk: int, *, at: datetime) -> bool:
    """Grant what the people with a role in an incident lack. The incident is locked, as assign() locks it."""
    rows = Incident.objects.select_for_update(of=("self",)).select_related("subject", *IncidentRole.values)
    incident = rows.exclude(state__in=OVER).filter(pk=pk).first()
    if incident is None:
        return False
    roles: list[User | None] = [getattr(incident, role) for role in IncidentRole.values]
    people_ = {person.pk: person for person in roles if person is not None and person.is_active}
    why, reason = f"has a role in {incident.reference}", GrantReason.HOLDER
    history.grant_sight(_seen(incident), people_.values(), reason=reason, by=SYSTEM, at=at, why=why)
    return True


def _seen(incident: Incident) -> list[Subject]:
    """Return what a role lets a person see: the incident and its review, if it has one."""
    review = Postmortem.objects.select_related("subject").filter(incident=incident).first()
    return [incident.subject, review.subject] if review else [incident.subject]


@transaction.atomic
def take(incident: Incident, *, role: str, by: Actor, at: datetime) -> Incident:
    """Take a role that is free, or whose holder left or is a viewer.

    It needs no version: the incident is locked and read again. Raises Refused without a person and
    for a role that somebody else has, and as assign() does.
    """
    # The people are not joined: a row that waited for the lock would keep the former ones.
    incident = Incident.objects.select_for_update(of=("self",)).select_related("subject").get(pk=incident.pk)
    if by.person is None:
        raise Refused("A person takes a role, not the system.", field="role")
    holder = getattr(incident, role) if role in IncidentRole.values else None
    if holder is not None and holder != by.person and may_hold_role(holder):
        raise Refused(f"{holder.name} has this role. Ask them to hand it over.", field="role")
    return assign(incident, role=role, person=by.person, by=by, at=at)


def holders(incident: Incident) -> set[int]:
    """Return the ids of the people who have a role in the incident."""
    return {pk for role in IncidentRole.values if (pk := getattr(incident, f"{role}_id"))}


def _check(person: User) -> None:
    if not person.is_active:
        raise Refused(f"{person.name} is deactivated. Choose an active person.", field="person")
    if reason := people.why_no_owner(person):
        raise Refused(reason, field="person")


def held_by(person: User) -> QuerySet[Incident]:
    """Return the incidents that are not reviewed yet in which a person has a role."""
    role = Q(lead=person) | Q(scribe=person) | Q(communications=person)
    return Incident.objects.filter(role).exclude(state__in=OVER)


@transaction.atomic
def hand_over_all(incident: Incident, person: User, to: User, *, by: Actor, at: datetime) -> None:
    """Hand all roles of a person in an incident over to another one. Raises Refused as assign() does."""
    for role in IncidentRole.values:
        if getattr(incident, f"{role}_id") == person.pk:
            assign(incident, role=role, person=to, by=by, at=at)
