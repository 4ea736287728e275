"""No work is lost when workers are killed: a small run for `make test`. `make chaos` has the full one."""

import random

import pytest

from chaos import killing

pytestmark = pytest.mark.django_db(transaction=True)


def test_workers_killed_at_work_lose_nothing_and_double_nothing(tmp_path):
    seed = random.SystemRandom().randrange(10**6)
    plan = killing.Plan(kills=30, climbs=60, messages=120, seed=seed, freezes=0, workers=4, lease=1)

    outcome = killing.run(plan, log=tmp_path / "workers.log", say=lambda line: None)

    assert outcome.ledger.lost == [], seed
    assert outcome.ledger.doubled == []
    assert outcome.counts["kills"] == 30
    assert outcome.counts["resend repeats"] <= 30
    assert outcome.counts["park repeats"] == 0
