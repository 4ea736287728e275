"""People, teams, models and their metrics."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from bench.register.rows import READER, fill, reader
from catalogue.models import Model
from history import operations as history
from kit.actor import SYSTEM
from people.models import Function, Membership, Organisation, Team, User
from people.operations import organisation
from people.slugs import slug_of
from people.states import Role
from risklog.operations import ladder, taxonomy
from signals.models import Point, Series, Source, Threshold, ThresholdVersion
from signals.states import Adapter, Agreement, SignalKind

PEOPLE, TEAMS, MODELS = 300, 30, 200
LARGE, TEAMS_OF_LARGE = 100_000, 1_000
DAYS = 14


def set_up(at: datetime) -> None:
    if Organisation.objects.exists():
        return
    organisation.found(name="Bench", time_zone="Europe/Berlin", by=SYSTEM, at=at)
    taxonomy.seed(by=SYSTEM, at=at)
    ladder.seed(by=SYSTEM, at=at)
    source = Source(slug="bench", name="Bench", adapter=Adapter.POINTS)
    history.record(source, "signals.source_added", by=SYSTEM, at=at)
    add_person(READER, "Rea Reader", Role.RISK_MANAGER, at)


def add_person(email: str, name: str, role: str, at: datetime) -> None:
    function = Function.objects.order_by("id").first()
    found = User(email=email, name=name, handle=slug_of(name), role=role, function=function)
    found.set_unusable_password()
    history.record(found, "people.person_added", by=SYSTEM, at=at)


def teams_of(rows: int) -> int:
    """Return the number of teams of a register with this number of risks."""
    return TEAMS if rows < LARGE else TEAMS_OF_LARGE


def add_people(rows: int, at: datetime) -> None:
    functions = list(Function.objects.order_by("id"))

    def person(number: int) -> User:
        function = functions[number % len(functions)]
        return User(
            email=f"p{number}@bench.example",
            name=f"Person {number}",
            handle=f"person-{number}",
            function=function,
            password="!",  # noqa: S106 - none fits
        )

    def team(number: int) -> Team:
        return Team(slug=f"team-{number}", name=f"Team {number}")

    fill(User.objects.exclude(email=READER), min(rows, PEOPLE), person, "people.person_added", at)
    fill(Team.objects.all(), min(rows, teams_of(rows)), team, "people.team_added", at)
    teams = list(Team.objects.order_by("id"))
    known = set(Membership.objects.values_list("team_id", "user_id"))
    wanted = [(teams[n % len(teams)], one) for n, one in enumerate(User.objects.order_by("id"))]
    wanted += [(one, reader()) for one in teams[:2]]
    fresh = dict.fromkeys((team, user) for team, user in wanted if (team.pk, user.pk) not in known)
    history.record_many(
        [Membership(team=team, user=user) for team, user in fresh], "people.member_added", by=SYSTEM, at=at
    )


def add_models(rows: int, at: datetime, chance: random.Random) -> None:
    teams, source = list(Team.objects.order_by("id")), Source.objects.get(slug="bench")

    def model(number: int) -> Model:
        return Model(
            slug=f"model-{number}", name=f"Model {number}", owner_team=teams[number % len(teams)], tier=2
        )

    fill(Model.objects.all(), min(rows, MODELS), model, "catalogue.model_added", at)
    known = set(Series.objects.values_list("model_id", flat=True))
    fresh = [one for one in Model.objects.order_by("id") if one.pk not in known]
    series = [
        Series(
            model=one, model_name=one.slug, metric=metric, feature="age", kind=SignalKind.DRIFT, source=source
        )
        for one in fresh
        for metric in ("psi", "share_missing")
    ]
    history.record_many(series, "signals.series_added", by=SYSTEM, at=at)
    _points(series, at, chance)
    for one in series[::2]:
        watch(one, at=at)


def _points(series: Sequence[Series], at: datetime, chance: random.Random) -> None:
    """Add four points a day to each series, up to now."""
    made = []
    for one in series:
        level = chance.uniform(0.05, 0.3)
        for quarter in range(DAYS * 4, 0, -1):
            level = min(0.6, max(0.01, level + chance.uniform(-0.02, 0.02)))
            one.latest_ts, one.latest_value = at - timedelta(hours=6 * quarter), round(level, 4)
            made.append(Point(series_id=one.pk, ts=one.latest_ts, value=one.latest_value))
    Point.objects.bulk_create(made, batch_size=5000)
    Series.objects.bulk_update(series, ["latest_ts", "latest_value"])


def watch(one: Series, *, at: datetime, warning: float = 0.25) -> None:
    """Agree a threshold on a series."""
    threshold = Threshold(series=one, name=one.subject_title)
    version = ThresholdVersion(
        threshold=threshold, number=1, state=Agreement.ACTIVE, warning=warning, reason="Bench", agreed_at=at
    )
    history.record(threshold, "signals.threshold_agreed", by=SYSTEM, at=at, rows=[version])
