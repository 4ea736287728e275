"""A register of any size, created by operations and the bulk forms of history: grow(5), grow(10_000).

A larger one has copies of its first 10,000 risks (bench.register.copies). Existing rows stay, and a later
call adds the missing ones. One risk in RESTRICTED_EACH is restricted to its team. The metrics of models have
points for two weeks, so that lists have real sparklines.
"""

from __future__ import annotations

import random
from datetime import datetime

from django.db import connections, transaction

from bench.register import loop
from bench.register.copies import RECORDED, add_copies
from bench.register.organisation import add_models, add_people, add_person, set_up, teams_of, watch
from bench.register.related import add_related
from bench.register.risks import RESTRICTED_EACH, add_risks
from bench.register.rows import cast, reader, settle

__all__ = ["RESTRICTED_EACH", "add_person", "grow", "reader", "teams_of", "watch"]
RELATED = 500  # at most of each kind


def grow(rows: int, *, at: datetime) -> None:
    """Add risks up to `rows`, and as many related objects, up to a limit for each kind. Repeatable."""
    chance = random.Random(20261123 + rows)
    with transaction.atomic():
        set_up(at)
        add_people(rows, at)
        add_models(rows, at, chance)
    named = cast()
    add_risks(min(rows, RECORDED), named, at, chance)
    add_copies(rows)
    with transaction.atomic():
        add_related(min(rows, RELATED), named, at)
        loop.add(min(rows, RELATED), at)
        settle(at)
    # It runs as the owner, because ANALYZE skips tables of other roles with only a warning.
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")
