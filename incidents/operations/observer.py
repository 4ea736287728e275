"""Write who observes a post-incident review, and replace who no longer qualifies."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from catalogue.models import Model
from history import operations as history
from history.models import Event
from history.operations import GrantReason
from history.queries import changed_fields, present_data
from history.wiring import handler
from incidents import events
from incidents.models import Incident, Observer, Postmortem, of_model
from incidents.observers import ChosenObserver, choose
from incidents.queries import observer as queries
from incidents.states import IncidentState, PostmortemState
from kit.actor import SYSTEM, Actor
from people import queries as people
from people.models import Organisation, User

_OF_MODEL = {"owner_team_id", "developer_id"}


def add(postmortem: Postmortem, rows: Sequence[Observer], *, by: Actor, at: datetime) -> None:
    """Record the observers of a new review, who may see it and its incident from now on."""
    if rows:
        history.record(postmortem, "incidents.observers_chosen", by=by, at=at, rows=rows)
        _show(postmortem, [row.user for row in rows], by=by, at=at)


def _show(postmortem: Postmortem, chosen: Sequence[User], *, by: Actor, at: datetime) -> None:
    seen = [postmortem.subject, postmortem.incident.subject]
    history.grant_sight(seen, chosen, reason=GrantReason.ASKED, by=by, at=at, source=postmortem.subject)


@transaction.atomic
def renew(postmortem_id: int, *, at: datetime, cause: Event | None = None) -> int:
    """Choose other observers of an open review in place of those who no longer qualify.

    These are people who left, are viewers now, handle the incident, develop a model of it, or are in a team
    that is involved. Who is away until the review is due is replaced if somebody else is available.
    Returns how many were replaced.
    """
    Organisation.objects.select_for_update().order_by("pk").first()  # observers are chosen one after another
    rows = _open_reviews().select_related("subject", "incident__subject", "incident__model")
    postmortem = rows.select_for_update(of=("self",)).filter(pk=postmortem_id).first()
    if postmortem is None:
        return 0
    today = people.local_day(at)
    rows_of = Observer.objects.active().filter(postmortem=postmortem)
    present = list(rows_of.select_related("user__subject").order_by("id"))
    reasons = queries.why_not(postmortem, [row.user for row in present], today)
    if not reasons:
        return 0
    # Who is away comes last: they stay if nobody is left to observe in their place.
    leaving = sorted(
        (row for row in present if row.user_id in reasons),
        key=lambda row: (reasons[row.user_id] == queries.AWAY, row.pk),
    )
    chosen = choose(
        queries.roster(postmortem.incident),
        queries.held(without=[row.pk for row in leaving]),
        today,
        due_on=postmortem.due_on,
        number=len(leaving),
        present=[row.user_id for row in present],
    )
    replaced = 0
    for place, row in enumerate(leaving):
        other, why = (chosen[place] if place < len(chosen) else None), reasons[row.user_id]
        if other is not None or why != queries.AWAY:
            _replace(postmortem, row, other, why, at=at, cause=cause)
            replaced += 1
    return replaced


def _replace(
    postmortem: Postmortem,
    row: Observer,
    other: ChosenObserver | None,
    why: str,
    *,
    at: datetime,
    cause: Event | None,
) -> None:
    """End one observation, and let another person observe if somebody is available."""
    today, former = people.local_day(at), row.user
    added = []
    if other is not None:
        reason = f"In place of {former.name}. {other.why}"[:300]
        added = [
            Observer(
                postmortem=postmortem, user_id=other.person, function_id=other.function, why=reason, on=today
            )
        ]
    payload = events.ObserverReplaced(about=former.subject_id, why=why, asked=other.person if other else None)
    changed: list[Any] = [*added, (row, {"ended_on": today})]
    replaced = history.record(postmortem, payload, by=SYSTEM, at=at, rows=changed, cause=cause)
    # On the person: they are told also if they may not see the review any more.
    ended = events.ReviewObservationEnded(about=postmortem.subject_id, why=why)
    history.record(former, ended, by=SYSTEM, at=at, cause=replaced)
    seen, source = [postmortem.subject, postmortem.incident.subject], postmortem.subject
    reason_of_grant = GrantReason.ASKED
    history.end_sight(seen, [former], reason=reason_of_grant, by=SYSTEM, at=at, source=source, why=why)
    _show(postmortem, [one.user for one in added], by=SYSTEM, at=at)


def _open_reviews() -> QuerySet[Postmortem]:
    """Return the open reviews of incidents that are not withdrawn."""
    rows = Postmortem.objects.filter(state=PostmortemState.OPEN)
    return rows.exclude(incident__state=IncidentState.WITHDRAWN)


def _renew(which: Q, *, at: datetime, cause: Event | None = None) -> int:
    """Renew the observers of the open reviews among these. Those without an observer are left out."""
    observed = Observer.objects.active().values("postmortem")
    rows = _open_reviews().filter(which, pk__in=observed).order_by("pk")
    return sum(renew(pk, at=at, cause=cause) for pk in list(rows.values_list("pk", flat=True)))


def renew_missing(*, at: datetime) -> int:
    """Replace observers whom the code of an earlier release left although they no longer qualify."""
    return _renew(Q(), at=at)


@handler("incidents.observer.renew")
def on_incident_changed(event: Event, *, at: datetime) -> None:
    """Replace observers when the lead, the team or the models of an incident change.

    Handles incidents.role_assigned, incident_changed and model_involved.
    """
    _renew(Q(incident__subject=event.subject_id), at=at, cause=event)


@handler("incidents.observer.renew_of_model")
def on_model_changed(event: Event, *, at: datetime) -> None:
    """Replace observers when the owner team or the developer of a model changes."""
    if changed_fields(event) & _OF_MODEL:
        incidents = Incident.objects.filter(
            of_model(Model.objects.filter(subject=event.subject_id).values("pk"))
        )
        _renew(Q(incident__in=incidents.values("pk")), at=at, cause=event)


@handler("incidents.observer.renew_of_person")
def on_person_changed(event: Event, *, at: datetime) -> None:
    """Replace observers when a person leaves, becomes a viewer, is away or joins a team.

    The person observes a review, or leads its incident, whose teams then are involved.
    """
    subject_id = present_data(event).get("person") or event.subject_id
    observed = Observer.objects.active().filter(user__subject=subject_id).values("postmortem")
    _renew(Q(pk__in=observed) | Q(incident__lead__subject=subject_id), at=at, cause=event)


@handler("incidents.observer.renew_of_team")
def on_team_changed(event: Event, *, at: datetime) -> None:
    """Replace observers when a team gets another lead."""
    if "lead_id" in changed_fields(event):
        _renew(Q(), at=at, cause=event)
