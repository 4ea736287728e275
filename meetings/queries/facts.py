"""What the agenda needs to know of a subject of any room: its kind, its team, how pressing it is."""

from dataclasses import dataclass, replace
from datetime import datetime

from actions.models import Action
from history.models import Subject
from risklog.models import Escalation, Review, Risk
from risklog.states import LIVE_RISKS, UNRESOLVED, ReviewState, Severity
from signals.models import BreachGroup
from signals.states import BreachState, Level


@dataclass(frozen=True, slots=True)
class Facts:
    """kind: a SignalKind, None where the subject has none. is_open: whether there is still something
    to do.
    """

    kind: str | None = None
    team_id: int | None = None
    is_critical: bool = False
    is_open: bool = True
    due_at: datetime | None = None


NOTHING = Facts()


def facts_of(subject: Subject) -> Facts:
    """The facts of a subject of any room; NOTHING for a kind the agenda knows nothing of."""
    read = _READERS.get(subject.kind)
    return read(subject) if read else NOTHING


def _review(subject: Subject) -> Facts:
    found = Review.objects.select_related("model", "about").get(subject=subject)
    team = found.model.owner_team_id if found.model else None
    if team is None and found.about.kind != "review":
        team = facts_of(found.about).team_id
    return Facts(
        found.kind,
        team,
        found.severity == Severity.CRITICAL,
        found.state == ReviewState.OPEN,
        found.due_at,
    )


def is_open(obj: Risk | Review | Escalation) -> bool:
    """Whether there is still something to do about an object that is loaded; for an escalation, about what it
    is about, which takes a query.
    """
    match obj:
        case Risk():
            return obj.state in LIVE_RISKS
        case Review():
            return obj.state == ReviewState.OPEN
        case _:
            return facts_of(obj.about).is_open


def _risk(subject: Subject) -> Facts:
    found = Risk.objects.select_related("category", "model").get(subject=subject)
    team = found.team_id or (found.model.owner_team_id if found.model else None)
    return Facts(found.category.kind, team, is_open=found.state in LIVE_RISKS)


def _breach(subject: Subject) -> Facts:
    found = BreachGroup.objects.select_related("model").get(subject=subject)
    team = found.model.owner_team_id if found.model else None
    return Facts(found.kind, team, found.level == Level.CRITICAL, found.state == BreachState.OPEN)


def _action(subject: Subject) -> Facts:
    found = Action.objects.select_related("about", "origin").get(subject=subject)
    cause = found.about or found.origin
    facts = facts_of(cause) if cause and cause.kind != "action" else NOTHING
    return replace(facts, is_critical=False, is_open=found.is_unfinished, due_at=None)


def _escalation(subject: Subject) -> Facts:
    found = Escalation.objects.select_related("about").get(subject=subject)
    facts = facts_of(found.about) if found.about.kind != "escalation" else NOTHING
    return replace(
        facts,
        team_id=facts.team_id or found.team_id,
        is_critical=found.severity == Severity.CRITICAL,
        is_open=found.state in UNRESOLVED,
    )


_READERS = {"review": _review, "risk": _risk, "breach": _breach, "action": _action, "escalation": _escalation}
