"""A register of any size, by the operations and the bulk forms of history: grow(5), grow(50), grow(10_000).

What stands there stays; a later call adds what is missing. A risk of twenty is restricted to its team; the
metrics of models have a fortnight of points, so that lists draw true lines.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import connections, models, transaction

from actions.models import Action
from actions.states import ActionState
from catalogue.models import Model
from history import operations as history
from history.models import Due, Event, Handover
from history.states import Work
from kit.actor import SYSTEM, Actor
from learnings.models import Learning
from learnings.states import LearningState
from meetings.models import AgendaItem, Decision, Meeting, MeetingSeries
from meetings.operations import series as meeting_series
from notices.models import Entry
from people.models import Function, Membership, Organisation, Team, User
from people.operations import organisation
from people.states import Role
from risklog.models import Category, Escalation, LadderVersion, Review, Reviewer, Risk
from risklog.operations import ladder, taxonomy
from risklog.states import RiskState
from signals.models import Breach, BreachGroup, Point, Series, Source, Threshold, ThresholdVersion
from signals.states import Adapter, Agreement, Level, SignalKind

PEOPLE, TEAMS, MODELS, AROUND = 300, 30, 200, 500
RESTRICTED_EACH = 20
DAYS = 14
CHUNK = 2000
READER = "reader@bench.example"
_WORDS = [
    "drift",
    "latency",
    "feature",
    "training",
    "label",
    "schema",
    "batch",
    "vendor",
    "score",
    "tenure",
    "income",
    "region",
    "fallback",
    "cache",
]
_STATES = (
    [RiskState.OPEN] * 5
    + [RiskState.ASSESSING] * 3
    + [RiskState.TREATING] * 3
    + [RiskState.MONITORING] * 4
    + [RiskState.ACCEPTED] * 2
    + [RiskState.CLOSED] * 3
)


@dataclass(frozen=True, slots=True)
class Cast:
    """Who and what the rows name."""

    people: Sequence[User]
    teams: Sequence[Team]
    models: Sequence[Model]
    categories: Sequence[Category]
    series: Sequence[Series]


def grow(rows: int, *, at: datetime) -> None:
    """`rows` risks, and as many of everything around them up to a bound each. Repeatable."""
    chance = random.Random(20261123 + rows)
    with transaction.atomic():
        _found(at)
        _people(rows, at)
        _inventory(rows, at, chance)
    cast = _cast()
    _risks(rows, cast, at, chance)
    with transaction.atomic():
        _around(min(rows, AROUND), cast, at, chance)
        _settle(at)
    # As the owner: what the application role may not analyze is passed over, with no more than a warning.
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")


def reader() -> User:
    """A risk manager in two teams: sees what is open to all, and what is theirs."""
    return User.objects.select_related("subject").get(email=READER)


# ------------------------------------------------------------------ the ground


def _found(at: datetime) -> None:
    if Organisation.objects.exists():
        return
    organisation.found(name="Bench", time_zone="Europe/Berlin", by=SYSTEM, at=at)
    taxonomy.seed(by=SYSTEM, at=at)
    ladder.seed(by=SYSTEM, at=at)
    source = Source(slug="bench", name="Bench", adapter=Adapter.POINTS)
    history.record(source, "signals.source_added", by=SYSTEM, at=at)
    add_person(READER, "Rea Reader", Role.RISK_MANAGER, at)


def add_person(email: str, name: str, role: str, at: datetime) -> None:
    found = User(email=email, name=name, role=role, function=Function.objects.order_by("id").first())
    found.set_unusable_password()
    history.record(found, "people.person_added", by=SYSTEM, at=at)


def _people(rows: int, at: datetime) -> None:
    functions = list(Function.objects.order_by("id"))

    def person(number: int) -> User:
        function = functions[number % len(functions)]
        return User(
            email=f"p{number}@bench.example",
            name=f"Person {number}",
            function=function,
            password="!",  # noqa: S106 - none fits
        )

    def team(number: int) -> Team:
        return Team(slug=f"team-{number}", name=f"Team {number}")

    _fill(User.objects.exclude(email=READER), min(rows, PEOPLE), person, "people.person_added", at)
    _fill(Team.objects.all(), min(rows, TEAMS), team, "people.team_added", at)
    teams = list(Team.objects.order_by("id"))
    known = set(Membership.objects.values_list("team_id", "user_id"))
    wanted = [(teams[n % len(teams)], one) for n, one in enumerate(User.objects.order_by("id"))]
    wanted += [(one, reader()) for one in teams[:2]]
    fresh = dict.fromkeys((team, user) for team, user in wanted if (team.pk, user.pk) not in known)
    history.record_many(
        [Membership(team=team, user=user) for team, user in fresh], "people.member_added", by=SYSTEM, at=at
    )


def _inventory(rows: int, at: datetime, chance: random.Random) -> None:
    teams, source = list(Team.objects.order_by("id")), Source.objects.get(slug="bench")

    def model(number: int) -> Model:
        return Model(
            slug=f"model-{number}", name=f"Model {number}", owner_team=teams[number % len(teams)], tier=2
        )

    _fill(Model.objects.all(), min(rows, MODELS), model, "catalogue.model_added", at)
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
    """Four a day, up to now."""
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
    """A threshold in force."""
    threshold = Threshold(series=one, name=one.subject_title)
    version = ThresholdVersion(
        threshold=threshold, number=1, state=Agreement.ACTIVE, warning=warning, reason="Bench", agreed_at=at
    )
    history.record(threshold, "signals.threshold_agreed", by=SYSTEM, at=at, rows=[version])


def _cast() -> Cast:
    return Cast(
        list(User.objects.order_by("id")),
        list(Team.objects.order_by("id")),
        list(Model.objects.order_by("id")),
        list(Category.objects.order_by("id")),
        list(Series.objects.order_by("id")),
    )


# ------------------------------------------------------------------ the risks


def _risks(rows: int, cast: Cast, at: datetime, chance: random.Random) -> None:
    have = Risk.objects.count()
    while have < rows:
        count = min(CHUNK, rows - have)
        fresh = [_risk(have + number, cast, at, chance) for number in range(count)]
        _record_risks(fresh, at)
        have += count


@transaction.atomic
def _record_risks(fresh: Sequence[Risk], at: datetime) -> None:
    act = {"by": Actor(fresh[0].owner, "import"), "at": at}
    chance = random.Random(len(fresh) + fresh[0].opened_at.minute)
    restricted: dict[Team, list[Risk]] = {}
    for risk in chance.sample(list(fresh), len(fresh) // RESTRICTED_EACH):
        restricted.setdefault(risk.team, []).append(risk)
    closed_off = {id(risk) for some in restricted.values() for risk in some}
    history.record_many([risk for risk in fresh if id(risk) not in closed_off], "risklog.risk_opened", **act)
    for team, some in restricted.items():
        history.record_many(some, "risklog.risk_opened", viewers=[team.subject_id], **act)


def _risk(number: int, cast: Cast, at: datetime, chance: random.Random) -> Risk:
    model = chance.choice(cast.models)
    state = _STATES[number % len(_STATES)]
    words = " ".join(chance.choices(_WORDS, k=5))
    opened = at - timedelta(minutes=chance.randrange(60 * 24 * 400))
    is_judged = chance.random() < 0.4
    return Risk(
        title=f"{words.capitalize()} {number}",
        description=" ".join(chance.choices(_WORDS, k=60)),
        category=cast.categories[number % len(cast.categories)],
        model=model if chance.random() < 0.9 else None,
        team=chance.choice(cast.teams),
        owner=chance.choice(cast.people),
        tags=chance.sample(_WORDS, 2),
        likelihood=chance.randint(1, 5),
        impact=chance.randint(1, 5),
        residual_likelihood=chance.randint(1, 5) if is_judged else None,
        residual_impact=chance.randint(1, 5) if is_judged else None,
        state=state,
        accepted_until=(at + timedelta(days=90)).date() if state == RiskState.ACCEPTED else None,
        series=chance.choice(cast.series) if chance.random() < 0.7 else None,
        review_on=(at + timedelta(days=30)).date(),
        opened_at=opened,
        updated_at=opened + timedelta(hours=chance.randrange(24 * 30)),
    )


# ------------------------------------------------------------------ what stands around them


def _around(count: int, cast: Cast, at: datetime, chance: random.Random) -> None:
    subjects = list(Risk.objects.order_by("id").values_list("subject_id", flat=True)[:count])
    _actions(count, subjects, cast, at)
    _reviews(count, cast, at)
    _climbs(count, subjects, at)
    _meetings(count, subjects, cast, at)
    _learnings(count, subjects, cast, at)
    _inbox(count, at)


def _actions(count: int, subjects: Sequence[int], cast: Cast, at: datetime) -> None:
    def action(number: int) -> Action:
        owner = reader() if number % 10 == 0 else cast.people[number % len(cast.people)]
        return Action(
            title=f"Do thing {number}",
            owner=owner,
            state=ActionState.OPEN,
            due_on=(at + timedelta(days=number % 40 - 5)).date(),
            about_id=subjects[number % len(subjects)],
            made_at=at,
        )

    _fill(Action.objects.all(), count, action, "actions.action_opened", at)


def _reviews(count: int, cast: Cast, at: datetime) -> None:
    def group(number: int) -> BreachGroup:
        model = cast.models[number % len(cast.models)]
        names = {"model": model, "model_name": model.slug, "kind": SignalKind.DRIFT, "level": Level.WARNING}
        return BreachGroup(cause_key=f"bench-{number}", title=f"Drift {number}", opened_at=at, **names)

    groups = _fill(BreachGroup.objects.all(), count, group, "signals.breach_group_opened", at)
    threshold = Threshold.objects.order_by("id").first()
    breaches = [
        Breach(group=one, threshold=threshold, level=one.level, opened_at=at, is_external=True)
        for one in groups
    ]
    history.record_many(breaches, "signals.breach_joined", by=SYSTEM, at=at)
    reviews = [
        Review(
            about=one.subject,
            title=one.title,
            model=one.model,
            kind=one.kind,
            opened_at=at,
            due_at=at + timedelta(days=2),
        )
        for one in groups
    ]
    history.record_many(reviews, "risklog.review_opened", by=SYSTEM, at=at)
    asked = [
        Reviewer(review=one, user=user, function=user.function, asked_at=at)
        for number, one in enumerate(reviews)
        for user in {reader(), cast.people[number % len(cast.people)]}
    ]
    history.record_many(asked, "risklog.review_asked", by=SYSTEM, at=at)


def _climbs(count: int, subjects: Sequence[int], at: datetime) -> None:
    version = LadderVersion.objects.order_by("id").first()
    known = set(Escalation.objects.values_list("about_id", flat=True))
    fresh = [
        Escalation(
            about_id=about,
            title="It drifts",
            why="Nobody answered.",
            ladder_version=version,
            rung=1,
            started_at=at,
            next_climb_at=at + timedelta(days=30),
        )
        for about in subjects[:count]
        if about not in known
    ]
    history.record_many(fresh, "risklog.escalation_started", by=SYSTEM, at=at)


def _meetings(count: int, subjects: Sequence[int], cast: Cast, at: datetime) -> None:
    if not MeetingSeries.objects.exists():
        meeting_series.add(
            name="Forum",
            first_on=at.date() + timedelta(days=1),
            starts_at=time(10),
            time_zone="Europe/Berlin",
            teams=cast.teams,
            functions=list(Function.objects.order_by("id")[:4]),
            by=SYSTEM,
            at=at,
        )
    meeting = Meeting.objects.select_related("subject", "series").order_by("starts_at").first()

    def item(number: int) -> AgendaItem:
        title = f"Look at {number}"
        return AgendaItem(meeting=meeting, about_id=subjects[number], title=title, rank=number + 1)

    def decision(number: int) -> Decision:
        return Decision(
            text=f"Decided {number}",
            reason="The evidence says so.",
            about_id=subjects[number],
            no_action_reason="Nothing to do.",
            recorded_by=cast.people[number % len(cast.people)],
            decided_at=at - timedelta(minutes=number),
        )

    _fill(AgendaItem.objects.filter(meeting=meeting), min(count, 50), item, "meetings.item_added", at)
    _fill(Decision.objects.all(), count, decision, "meetings.decision_taken", at)


def _learnings(count: int, subjects: Sequence[int], cast: Cast, at: datetime) -> None:
    def learning(number: int) -> Learning:
        return Learning(
            title=f"What {number} taught",
            seen="It drifted.\n\nThen it did not.",
            about_id=subjects[number],
            author=cast.people[number % len(cast.people)],
            state=LearningState.PUBLISHED,
            made_at=at,
            published_at=at - timedelta(minutes=number),
        )

    _fill(Learning.objects.all(), count, learning, "learnings.learning_published", at)


def _inbox(count: int, at: datetime) -> None:
    have, user = Entry.objects.count(), reader()
    events = Event.objects.filter(verb="risklog.risk_opened").order_by("id").values_list("pk", flat=True)
    fresh = [Entry(user=user, event_id=pk, why="You follow it", at=at) for pk in events[have:count]]
    Entry.objects.bulk_create(fresh)


# ------------------------------------------------------------------ how


def _fill(
    rows: models.QuerySet, wanted: int, make: Callable[[int], Any], verb: str, at: datetime
) -> list[Any]:
    """Make those from the present count up to `wanted`; returns the new ones."""
    fresh = [make(number) for number in range(rows.count(), wanted)]
    history.record_many(fresh, verb, by=SYSTEM, at=at)
    return fresh


def _settle(at: datetime) -> None:
    """What the loading would set off is done with: the goals measure what they themselves set off."""
    done = {"state": Work.DONE, "settled_at": at}
    Handover.objects.filter(state=Work.PENDING).update(**done)
    Due.objects.filter(state=Work.PENDING).update(**done)


def present() -> datetime:
    return datetime.now(UTC)
