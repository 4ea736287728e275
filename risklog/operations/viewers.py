"""Who may see a risk: the subjects on its viewers list, kept as it is raised, handed over and restricted."""

from collections.abc import Sequence
from datetime import datetime

from history import operations as history
from history.models import Event, Subject
from kit.actor import Actor
from people.models import Team
from risklog.models import Risk


def of_birth(risk: Risk, viewers: Sequence[int] | None, by: Actor) -> list[int] | None:
    """The viewers of a new risk: those given, else those of the breach or model it is about, else all."""
    wanted = viewers
    for about in (risk.breach_group, risk.model):
        if wanted is None and about is not None:
            wanted = about.subject.viewers
    if wanted is None:
        return None
    own = (by.subject_id, risk.owner.subject_id if risk.owner else None)
    return sorted({*wanted, *(one for one in own if one)})


def of_teams(risk: Risk, teams: Sequence[Team] | None) -> list[int] | None:
    """The viewers once only `teams` may see it: with the owner, the raiser and the people let in singly."""
    if teams is None:
        return None
    people = {raiser_id(risk), risk.owner.subject_id if risk.owner else None}
    let_in = Subject.objects.filter(pk__in=viewers_of(risk) or [], kind="person")
    people.update(let_in.values_list("pk", flat=True))
    return sorted({team.subject_id for team in teams} | {one for one in people if one})


def viewers_of(risk: Risk) -> list[int] | None:
    """The viewers as they stand in the database."""
    return Subject.objects.values_list("viewers", flat=True).get(pk=risk.subject_id)


def raiser_id(risk: Risk) -> int | None:
    """The subject of whoever raised it, also when they are not named: history knows. Never to be shown."""
    born = Event.objects.filter(subject_id=risk.subject_id, verb="risklog.risk_opened").order_by("id")
    return born.values_list("actor_id", flat=True).first()


def let_in(risk: Risk, person_id: int, *, by: Actor, at: datetime, why: str) -> None:
    """Let one person see a restricted risk, on record; no effect on an open one."""
    if risk.subject.viewers is not None:
        history.grant_sight(risk.subject, person_id, by=by, at=at, why=why)
