"""Write post-incident reviews: open, change, answer which risk, add an action, finish, chase."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db import transaction

from actions.models import Action
from actions.operations import action as actions
from actions.states import Type
from history import operations as history
from history.models import Due, Event
from history.operations import GrantReason, Placement
from history.queries import changed_fields
from history.wiring import handler
from incidents import events
from incidents.models import Incident, Observer, Postmortem
from incidents.models.postmortem import CAN_FINISH, MAX_WHY
from incidents.observers import choose
from incidents.operations import observer
from incidents.queries import observer as observers
from incidents.queries import postmortem as queries
from incidents.states import (
    MAX_ACTIONS,
    MAX_WHYS,
    OBSERVERS,
    REVIEW_DAYS,
    IncidentSeverity,
    IncidentState,
    PostmortemState,
    RiskAnswer,
)
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from people import queries as people
from people.models import Organisation, User
from people.states import WORKING_TIME_FIELDS
from risklog.models import Category, Risk
from risklog.operations import climb
from risklog.operations import escalation as escalations
from risklog.operations import risk as risks
from risklog.states import Severity

REMINDER = "incidents.review_reminder"
OVERDUE = "incidents.review_overdue"
CHANGEABLE = frozenset({"factors", "whys", "went_well", "lessons"})


@dataclass(frozen=True, slots=True)
class LackingRisk:
    """The risk that the log lacked. likelihood, impact: 1 to 5."""

    title: str
    category: Category
    likelihood: int
    impact: int
    description: str = ""


@transaction.atomic
def open_for(incident: Incident, *, by: Actor, at: datetime, cause: Event | None = None) -> Postmortem:
    """Open the review of a resolved incident, or return the one that it has.

    It is due after the working days of its severity. Its observers are chosen from the teams that are not
    involved (incidents.observers), may see it from now on, and are told why them. So may who has a role.
    The review of an incident that came back is due again. One that was done is open again, with its texts.
    """
    Organisation.objects.select_for_update().order_by("pk").first()  # observers are chosen one after another
    today = people.local_day(at)
    severity = IncidentSeverity(incident.severity)
    due_on = people.working_day_from(today, REVIEW_DAYS[severity])
    rows = Postmortem.objects.select_related("subject").filter(incident=incident)
    existing = rows.select_for_update(of=("self",)).first()
    if existing is not None:
        return _open_again(existing, incident, due_on, by=by, at=at, cause=cause)
    chosen = choose(
        observers.roster(incident), observers.held(), today, due_on=due_on, number=OBSERVERS[severity]
    )
    postmortem = Postmortem(incident=incident, due_on=due_on, opened_at=at)
    opened = events.PostmortemOpened(
        due_on=due_on.isoformat(),
        observers=[one.person for one in chosen],
        told=sorted(observers.handlers(incident)),
    )
    history.record(postmortem, opened, by=by, at=at, cause=cause, placed=Placement(parent=incident.subject))
    observing = [
        Observer(postmortem=postmortem, user_id=one.person, function_id=one.function, why=one.why, on=today)
        for one in chosen
    ]
    observer.add(postmortem, observing, by=by, at=at)
    _show_to_holders(postmortem, incident, by=by, at=at)
    _put_dues(postmortem, incident)
    return postmortem


def _show_to_holders(postmortem: Postmortem, incident: Incident, *, by: Actor, at: datetime) -> None:
    """Let those who have a role in the incident see its review, until they hand the role over."""
    roles = (incident.lead, incident.scribe, incident.communications)
    holders = {person.pk: person for person in roles if person is not None}
    why = f"has a role in {incident.reference}"
    seen, reason = [postmortem.subject], GrantReason.HOLDER
    history.grant_sight(seen, holders.values(), reason=reason, by=by, at=at, why=why)


def _open_again(
    postmortem: Postmortem,
    incident: Incident,
    due_on: date,
    *,
    by: Actor,
    at: datetime,
    cause: Event | None,
) -> Postmortem:
    """Set the due date of the review of an incident that is resolved again. Reopen it if it was done."""
    if postmortem.is_open:
        history.change(postmortem, {"due_on": due_on}, by=by, at=at, cause=cause)
        history.drop_dues(postmortem.subject_id, REMINDER, OVERDUE)
    else:
        reopened = events.PostmortemReopened(
            due_on=due_on.isoformat(), told=sorted(observers.handlers(incident))
        )
        values = {"due_on": due_on, "opened_at": at, "finished_at": None, "finished_by": None}
        to = PostmortemState.OPEN
        history.move(postmortem, to, by=by, at=at, values=values, payload=reopened, cause=cause)
    _put_dues(postmortem, incident)
    observer.renew(postmortem.pk, at=at, cause=cause)
    return postmortem


def _put_dues(postmortem: Postmortem, incident: Incident) -> None:
    """Remind on the working day before the due date, and escalate on the working day after it.

    The version of the incident tells one resolution from the next.
    """
    occurrence = str(incident.version)
    for kind, moment in _moments(postmortem.due_on).items():
        history.put_due(kind, postmortem.subject_id, occurrence, moment)


def _moments(due_on: date) -> dict[str, datetime]:
    days = {REMINDER: people.working_day_from(due_on, -1), OVERDUE: people.working_day_from(due_on, 1)}
    return {kind: datetime.combine(day, time(9), people.zone_of(None)) for kind, day in days.items()}


@handler("incidents.postmortem.replan")
@transaction.atomic
def on_time_changed(event: Event, *, at: datetime) -> None:
    """Move the dates of open reviews when the time zone or the working days of the organisation change."""
    if not changed_fields(event) & WORKING_TIME_FIELDS:
        return
    rows = Postmortem.objects.filter(state=PostmortemState.OPEN)
    moments = {subject: _moments(due_on) for subject, due_on in rows.values_list("subject_id", "due_on")}
    history.replan_dues(
        moments, REMINDER, OVERDUE, to=lambda due: (due.occurrence, moments[due.subject_id][due.kind])
    )


@transaction.atomic
def change(
    postmortem: Postmortem, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Postmortem:
    """Change fields of CHANGEABLE. whys: the chain of causes, without empty ones.

    Raises Refused with the name of the field, IllegalMove if the review is done, ChangedMeanwhile.
    """
    if unknown := set(values) - CHANGEABLE:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    _expect_open(postmortem)
    given = {name: _whys(value) if name == "whys" else value.strip() for name, value in values.items()}
    history.change(postmortem, given, by=by, at=at, seen=seen)
    return postmortem


@transaction.atomic
def answer_risk(
    postmortem: Postmortem,
    *,
    answer: str,
    by: Actor,
    at: datetime,
    risk: Risk | None = None,
    likelihood: int | None = None,
    impact: int | None = None,
    new: LackingRisk | None = None,
    note: str = "",
    seen: int | None = None,
) -> Postmortem:
    """Answer which risk should have caught the incident, and link, rescore or create it in the same step.

    answer: a RiskAnswer. risk: of the log, for linked and rescored. likelihood, impact: 1 to 5, the score
    of a rescored one, above its current one. new: the risk that the log lacked.
    Raises Refused with the name of the field, IllegalMove if the review is done, ChangedMeanwhile.
    """
    _expect_open(postmortem)
    if answer not in RiskAnswer.values:
        raise Refused(f"Use one of {', '.join(RiskAnswer.values)}.", field="answer")
    if answer == RiskAnswer.NEW:
        risk = _created(postmortem, new, by=by, at=at)
    elif risk is None:
        raise Refused("Choose the risk that should have caught it.", field="risk")
    elif answer == RiskAnswer.RESCORED:
        _rescore(risk, likelihood, impact, by=by, at=at)
    if note.strip() and not risk.subject.is_open_to_readers_of(postmortem.subject):
        text = "Not everybody who sees this review may see this risk. Write the note on the page of the risk."
        raise Refused(text, field="note")
    values = {"risk": risk, "risk_answer": answer, "risk_note": note.strip()}
    payload = events.RiskAnswered(answer=answer, risk=risk.subject_id)
    history.change(postmortem, values, by=by, at=at, seen=seen, payload=payload)
    return postmortem


def _created(postmortem: Postmortem, new: LackingRisk | None, *, by: Actor, at: datetime) -> Risk:
    if new is None or not new.title.strip():
        raise Refused("Enter the risk that the log lacked.", field="title")
    incident = postmortem.incident
    viewers = postmortem.subject.viewers
    return risks.add(
        title=new.title,
        category=new.category,
        likelihood=new.likelihood,
        impact=new.impact,
        description=new.description,
        model=incident.model,
        team=incident.team,
        viewers=viewers,
        by=by,
        at=at,
    )


def _rescore(risk: Risk, likelihood: int | None, impact: int | None, *, by: Actor, at: datetime) -> None:
    """Raise the score that counts now: the residual one of a risk that has one, else the inherent one.

    Raises Refused if the new score is not above the current one: the answer says that it was too low.
    """
    if likelihood is None or impact is None:
        missing = "likelihood" if likelihood is None else "impact"
        raise Refused("Enter the likelihood and the impact as they are now.", field=missing)
    if likelihood * impact <= risk.severity:
        raise Refused(
            f"The current score of {risk.reference} is {risk.severity} (likelihood "
            f"{risk.present_likelihood}, impact {risk.present_impact}). Enter a higher score, or link the "
            "risk as it is.",
            field="likelihood",
        )
    prefix = "residual_" if risk.is_residual else ""
    risks.change(risk, {f"{prefix}likelihood": likelihood, f"{prefix}impact": impact}, by=by, at=at)


@transaction.atomic
def add_action(
    postmortem: Postmortem,
    *,
    title: str,
    by: Actor,
    at: datetime,
    owner: User | None = None,
    due_on: date | None = None,
    type: str = Type.PROCESS,
) -> Action:
    """Add an improvement: an action about the review. A review has at most three; better one.

    Those that it had when it was finished before do not count: it is open again.
    Raises Refused for a fourth one, for a due date that is over, and as actions.add() does.
    Raises IllegalMove if the review is done.
    """
    _expect_open(Postmortem.objects.select_for_update(of=("self",)).get(pk=postmortem.pk))
    actions.check_due_on(due_on, at=at)
    if queries.improvements_that_count(postmortem).count() >= MAX_ACTIONS:
        raise Refused(
            f"This review has {MAX_ACTIONS} actions, the most it can have. Choose those that matter, "
            "and drop one before you add another.",
            field="title",
        )
    return actions.add(
        title=title,
        owner=owner,
        due_on=due_on,
        type=type,
        about=postmortem.subject,
        origin=postmortem.incident.subject,
        by=by,
        at=at,
    )


@transaction.atomic
def finish(postmortem: Postmortem, *, by: Actor, at: datetime, seen: int | None = None) -> Postmortem:
    """Finish a review, and with it the incident. It must name its factors, causes and lessons, and the risk.

    Raises Refused with the names of the fields that are missing, IllegalMove, ChangedMeanwhile.
    """
    _expect_open(postmortem)
    if found := queries.missing(postmortem):
        (field, message), *further = found.items()
        raise Refused(message, field=field, further=dict(further))
    if queries.improvements_that_count(postmortem).count() > MAX_ACTIONS:
        raise Refused(
            f"It has more than {MAX_ACTIONS} actions. Choose those that matter, and drop the others."
        )
    incident = Incident.objects.select_related("subject").get(pk=postmortem.incident_id)
    if incident.state == IncidentState.WITHDRAWN:
        raise IllegalMove("The incident is withdrawn. It needs no review.", field="state")
    if incident.state != IncidentState.RESOLVED:
        raise IllegalMove("The incident is not resolved. Resolve it first.", field="state")
    values = {"finished_at": at, "finished_by": by.person}
    event = history.move(postmortem, PostmortemState.DONE, by=by, at=at, seen=seen, values=values)
    history.move(incident, IncidentState.REVIEWED, by=by, at=at, cause=event)
    history.drop_dues(postmortem.subject_id, REMINDER, OVERDUE)
    resolve_escalation(postmortem, "The review is finished.", by=by, at=at, cause=event)
    return postmortem


@transaction.atomic
def remind(due: Due, *, at: datetime) -> None:
    """Remind those who handled the incident of a review that is due soon, not of one that is overdue."""
    postmortem = _of_due(due)
    if postmortem is None or people.local_day(at) > postmortem.due_on:
        return
    reminded = events.PostmortemReminded(
        due_on=postmortem.due_on.isoformat(), told=_who_must_finish(postmortem.incident)
    )
    history.record(postmortem, reminded, by=SYSTEM, at=at)


@transaction.atomic
def escalate(due: Due, *, at: datetime) -> None:
    """Escalate a review that is overdue."""
    postmortem = _of_due(due)
    if postmortem is None:
        return
    incident = postmortem.incident
    overdue = events.PostmortemOverdue(due_on=postmortem.due_on.isoformat(), told=_who_must_finish(incident))
    event = history.record(postmortem, overdue, by=SYSTEM, at=at)
    escalations.start(
        about=postmortem.subject,
        title=f"Overdue: {postmortem.subject_title}",
        why=f"The review of {incident.reference} was due on {postmortem.due_on:%-d %b %Y} and is not done.",
        severity=Severity.WARNING,
        team=incident.team,
        by=SYSTEM,
        at=at,
        cause=event,
    )


def _who_must_finish(incident: Incident) -> list[int]:
    """Return the user ids of those who must finish the review: who handled it, else the lead of the team."""
    handlers = [pk for pk in (incident.lead_id, incident.scribe_id) if pk]
    if not handlers and incident.team and incident.team.lead_id:
        handlers = [incident.team.lead_id]
    return handlers or [pk for pk in [incident.declared_by_id] if pk]


def _of_due(due: Due) -> Postmortem | None:
    """Return the review, None if it cannot be finished: it is done, or it waits for its incident.

    Both are locked, so that a reopening that commits meanwhile finds the escalation that it resolves.
    """
    rows = Postmortem.objects.select_related("subject", "incident__subject", "incident__team")
    rows = rows.select_for_update(of=("self", "incident"))
    return rows.filter(CAN_FINISH, subject=due.subject_id).first()


def resolve_escalation(
    postmortem: Postmortem, reason: str, *, by: Actor, at: datetime, cause: Event | None
) -> None:
    """Resolve the escalation of a review, if it has one."""
    running = climb.lock(about_id=postmortem.subject_id)
    if running is not None:
        escalations.resolve(running, reason=reason, by=by, at=at, cause=cause)


def _expect_open(postmortem: Postmortem) -> None:
    if not postmortem.is_open:
        raise IllegalMove("This review is done.", field="state")


def _whys(given: Sequence[str]) -> list[str]:
    whys = [text.strip() for text in given if text.strip()]
    if len(whys) > MAX_WHYS:
        raise Refused(f"Use at most {MAX_WHYS} causes. The last one is the root.", field="whys")
    if any(len(text) > MAX_WHY for text in whys):
        raise Refused(f"Use at most {MAX_WHY} characters for a cause.", field="whys")
    return whys
