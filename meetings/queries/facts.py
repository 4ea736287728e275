"""The facts about a subject that an agenda needs: signal kind, team, due date, criticality, openness."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time

from actions.models import Action
from catalogue.models import ChangeRequest
from catalogue.states import ChangeRoute
from history.models import Subject
from incidents.models import Incident, Postmortem
from incidents.states import IncidentSeverity, IncidentState, PostmortemState
from meetings.models import CheckIn, Decision
from meetings.states import DecisionState
from people import queries as people
from risklog.models import Escalation, Experiment, Review, Risk
from risklog.queries.concerned import concerned
from risklog.states import LIVE_RISKS, UNRESOLVED, ExperimentState, ReviewState, RiskState, Severity
from signals.models import BreachGroup, Threshold
from signals.states import Agreement, BreachLevel, BreachState, SignalKind


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides the meeting of a subject.

    kind: a SignalKind, None without one. team_id: the responsible team. urgent_reason: why it cannot wait, in
    words such as "critical" or "high incident"; "" if it can. is_open: something is left to do.
    """

    kind: str | None = None
    team_id: int | None = None
    urgent_reason: str = ""
    is_open: bool = True
    due_at: datetime | None = None


NOTHING = Facts()


def facts_of(subject: Subject) -> Facts:
    """Return the facts of a subject; NOTHING for a kind of object without facts."""
    read = _READERS.get(subject.kind)
    return read(subject) if read else NOTHING


def _review(subject: Subject) -> Facts:
    return facts_of_review(Review.objects.select_related("model", "about").get(subject=subject))


def facts_of_review(review: Review) -> Facts:
    """Return the facts of a review that is loaded with its model and its subject `about`."""
    team = review.model.owner_team_id if review.model else None
    if team is None and review.about.kind != "review":
        team = facts_of(review.about).team_id
    return Facts(
        review.kind,
        team,
        _if_critical(review.severity == Severity.CRITICAL),
        review.state == ReviewState.OPEN,
        review.due_at,
    )


def _if_critical(is_critical: bool) -> str:
    return "critical" if is_critical else ""


def is_open(
    obj: Risk | Review | Escalation | CheckIn | ChangeRequest | Incident | Postmortem | Experiment,
) -> bool:
    """Return True if something is left to do about an object; for an escalation, about its subject.

    An escalation and a finished experiment take a query, the others none. About a check-in nothing is left to
    do. A change request in review is discussed with its review.
    """
    match obj:
        case Risk():
            return obj.state in LIVE_RISKS
        case Review() | Postmortem():
            return obj.state in (ReviewState.OPEN, PostmortemState.OPEN)
        case ChangeRequest():
            return obj.is_open and not obj.waits_for_review
        case Incident():
            return obj.is_ongoing or obj.state == IncidentState.RESOLVED
        case CheckIn():
            return False
    return _is_undecided(obj) if isinstance(obj, Experiment) else facts_of(obj.about).is_open


def _risk(subject: Subject) -> Facts:
    risk = Risk.objects.select_related("category", "model").get(subject=subject)
    team = risk.team_id or (risk.model.owner_team_id if risk.model else None)
    due_on = risk.accepted_until if risk.state == RiskState.ACCEPTED else risk.review_on
    return Facts(
        risk.category.kind, team, is_open=risk.state in LIVE_RISKS, due_at=_end_of(due_on) if due_on else None
    )


def _end_of(day: date) -> datetime:
    """Return the end of a due date, where the organisation is."""
    return datetime.combine(day, time.max, people.zone_of(None))


def _breach(subject: Subject) -> Facts:
    breach = BreachGroup.objects.select_related("model").get(subject=subject)
    team = breach.model.owner_team_id if breach.model else None
    urgent_reason = _if_critical(breach.level == BreachLevel.CRITICAL)
    return Facts(breach.kind, team, urgent_reason, breach.state == BreachState.OPEN)


def _action(subject: Subject) -> Facts:
    action = Action.objects.select_related("about", "origin").get(subject=subject)
    cause = action.about or action.origin
    facts = facts_of(cause) if cause and cause.kind != "action" else NOTHING
    return replace(facts, urgent_reason="", is_open=action.is_unfinished, due_at=None)


def _escalation(subject: Subject) -> Facts:
    escalation = Escalation.objects.select_related("about").get(subject=subject)
    facts = facts_of(escalation.about) if escalation.about.kind != "escalation" else NOTHING
    return replace(
        facts,
        team_id=facts.team_id or escalation.team_id,
        urgent_reason=_if_critical(escalation.severity == Severity.CRITICAL),
        is_open=escalation.state in UNRESOLVED,
    )


def _threshold(subject: Subject) -> Facts:
    threshold = Threshold.objects.select_related("series__model").get(subject=subject)
    series = threshold.series
    team = series.model.owner_team_id if series and series.model else None
    is_open = threshold.noisy_at is not None or threshold.versions.filter(state=Agreement.PROPOSED).exists()
    return Facts(series.kind if series else None, team, is_open=is_open)


def _decision(subject: Subject) -> Facts:
    decision = Decision.objects.select_related("about").get(subject=subject)
    known = facts_of(decision.about) if decision.about and decision.about.kind != "decision" else NOTHING
    is_open = decision.state == DecisionState.IN_FORCE
    return Facts(known.kind, known.team_id, is_open=is_open)


def _change(subject: Subject) -> Facts:
    """Return the facts of a change request. It is due before its window; an emergency is made already."""
    change = ChangeRequest.objects.select_related("model").get(subject=subject)
    due_at = None if change.route == ChangeRoute.EMERGENCY else change.window_from
    return Facts(SignalKind.DEPLOYMENT, change.model.owner_team_id, is_open=change.is_open, due_at=due_at)


def _incident(subject: Subject) -> Facts:
    """Return the facts of an incident: the kind of its breach, else of what it was declared from."""
    rows = Incident.objects.select_related("breach_group", "source", "model")
    incident = rows.get(subject=subject)
    source = incident.source if incident.source and incident.source.kind in _SOURCES else None
    kind = facts_of(source).kind if source else None
    if incident.breach_group:
        kind = incident.breach_group.kind
    team = incident.team_id or (incident.model.owner_team_id if incident.model else None)
    is_severe = incident.severity in (IncidentSeverity.CRITICAL, IncidentSeverity.HIGH)
    urgent_reason = f"{incident.get_severity_display().lower()} incident" if is_severe else ""
    return Facts(kind or SignalKind.PERFORMANCE, team, urgent_reason, is_open(incident))


def _postmortem(subject: Subject) -> Facts:
    """Return the facts of a post-incident review: those of its incident, due on its own date."""
    postmortem = Postmortem.objects.select_related("incident__subject").get(subject=subject)
    facts = _incident(postmortem.incident.subject)
    return replace(facts, is_open=postmortem.is_open, due_at=_end_of(postmortem.due_on))


# What an incident is declared from that has a signal kind.
_SOURCES = frozenset({"risk", "review"})


def _experiment(subject: Subject) -> Facts:
    """Return the facts of an experiment: of what it came from, its metric and its model."""
    rows = Experiment.objects.select_related("about", "model", "series__model")
    experiment = rows.get(subject=subject)
    about, series = experiment.about, experiment.series
    known = facts_of(about) if about and about.kind != "experiment" else NOTHING
    model = experiment.model or (series.model if series else None)
    return Facts(
        known.kind or (series.kind if series else SignalKind.PERFORMANCE),
        (model.owner_team_id if model else None) or known.team_id or _team_of_owner(subject),
        is_open=_is_undecided(experiment),
    )


def _team_of_owner(subject: Subject) -> int | None:
    """Return the team of who owns a subject, None if it is not known."""
    team = concerned(subject).team
    return team.pk if team else None


def _is_undecided(experiment: Experiment) -> bool:
    """Return True unless the experiment is cancelled, or finished and a decision about it is in force."""
    if experiment.state != ExperimentState.FINISHED:
        return experiment.is_unfinished
    decided = Decision.objects.filter(about=experiment.subject_id, state=DecisionState.IN_FORCE)
    return not decided.exists()


_READERS = {
    "incident": _incident,
    "postmortem": _postmortem,
    "review": _review,
    "risk": _risk,
    "breach": _breach,
    "action": _action,
    "escalation": _escalation,
    "threshold": _threshold,
    "decision": _decision,
    "change_request": _change,
    "experiment": _experiment,
}
