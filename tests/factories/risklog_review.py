"""Reviews, escalations and ladders, with the models and breach groups they are about."""

from itertools import count

from catalogue.models import Model
from history import operations as history
from kit.actor import SYSTEM, Actor
from people.models import Absence
from risklog.operations import escalation as escalations
from risklog.operations import ladder as ladders
from risklog.operations import review as reviews
from risklog.states import Severity
from signals.models import Breach, BreachGroup, Source, Threshold
from signals.states import Adapter, BreachLevel, SignalKind
from tests.conftest import AT
from tests.factories import people

_numbers = count(1)


def model(slug: str = "", *, owner_team=None, viewers=None, developer=None) -> Model:
    slug = slug or f"model-{next(_numbers)}"
    found = Model(slug=slug, name=slug, owner_team=owner_team, developer=developer)
    history.record(found, "catalogue.model_added", by=SYSTEM, at=AT, viewers=viewers)
    return found


def breach_group(
    *,
    kind: str = SignalKind.DRIFT,
    level: int = BreachLevel.WARNING,
    of_model: Model | None = None,
    viewers=None,
) -> BreachGroup:
    """Create a group with one breach, found by a rule of its source."""
    number = next(_numbers)
    source = Source(slug=f"source-{number}", name="Prometheus", adapter=Adapter.ALERTMANAGER)
    history.record(source, "signals.source_added", by=SYSTEM, at=AT)
    threshold = Threshold(source=source, external_rule=f"rule-{number}", name=f"Rule {number}")
    history.record(threshold, "signals.threshold_added", by=SYSTEM, at=AT)
    group = BreachGroup(
        cause_key=f"cause-{number}",
        title=f"Drift {number}",
        model=of_model,
        kind=kind,
        level=level,
        opened_at=AT,
    )
    breach = Breach(
        group=group,
        threshold=threshold,
        level=level,
        opened_at=AT,
        summary="psi 0.31 above 0.25 for 3 points",
    )
    group.opened_by = history.record(
        group, "signals.breach_group_opened", by=SYSTEM, at=AT, rows=[breach], viewers=viewers
    )
    return group


def away(person, *, stand_in=None, day=None) -> Absence:
    day = day or AT.date()
    found = Absence(user=person, from_on=day, until_on=day, stand_in=stand_in)
    history.record(found, "people.absence_added", by=SYSTEM, at=AT)
    return found


def reviewer(function: str, *, teams=(), **fields):
    return people.user(function=people.function(function), teams=teams, **fields)


def review(
    *, about=None, at=AT, severity=Severity.WARNING, kind=SignalKind.DRIFT, of_model=None, by=SYSTEM, **fields
):
    about = about or breach_group(of_model=of_model).subject
    return reviews.open_for(
        about=about,
        title=fields.pop("title", "Drift of the score"),
        kind=kind,
        model=of_model,
        severity=severity,
        why=fields.pop("why", "psi 0.31 above 0.25"),
        by=by,
        at=at,
        **fields,
    )


def ladder(*rungs, name="Test ladder", at=AT, **fields):
    """Create a ladder. rungs: (who, minutes, further fields) each."""
    shaped = [{"who": who, "within_minutes": minutes, **(more or {})} for who, minutes, more in rungs]
    return ladders.add(name=name, rungs=shaped, by=SYSTEM, at=at, **fields)


def escalation(*, about=None, at=AT, by=SYSTEM, **fields):
    about = about or model().subject
    return escalations.start(
        about=about,
        title=fields.pop("title", "It drifts"),
        why=fields.pop("why", "Nobody answered."),
        by=by,
        at=at,
        **fields,
    )


def actor(person) -> Actor:
    return Actor(person, "page")
