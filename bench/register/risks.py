"""The risks, recorded in chunks."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from bench.register.rows import Cast
from history import operations as history
from kit.actor import Actor
from people.models import Team
from risklog.models import Risk
from risklog.states import RiskState

RESTRICTED_EACH = 20
CHUNK = 2000
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


def add_risks(rows: int, cast: Cast, at: datetime, chance: random.Random) -> None:
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
