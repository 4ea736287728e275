"""The common part of the register's modules: the objects that rows refer to, and functions that add rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models

from catalogue.models import Model
from history import operations as history
from history.models import Due, Handover
from history.states import Work
from kit.actor import SYSTEM
from people.models import Team, User
from risklog.models import Category
from signals.models import Series

READER = "reader@bench.example"


@dataclass(frozen=True, slots=True)
class Cast:
    """The people and things that rows name."""

    people: Sequence[User]
    teams: Sequence[Team]
    models: Sequence[Model]
    categories: Sequence[Category]
    series: Sequence[Series]


def cast() -> Cast:
    return Cast(
        list(User.objects.order_by("id")),
        list(Team.objects.order_by("id")),
        list(Model.objects.order_by("id")),
        list(Category.objects.order_by("id")),
        list(Series.objects.order_by("id")),
    )


def reader() -> User:
    """Return a risk manager in two teams, who sees open objects and those of these teams."""
    return User.objects.select_related("subject").get(email=READER)


def fill(
    rows: models.QuerySet, wanted: int, make: Callable[[int], Any], verb: str, at: datetime
) -> list[Any]:
    """Add rows up to the number `wanted`, each made by make(its number). Returns the new ones."""
    fresh = [make(number) for number in range(rows.count(), wanted)]
    history.record_many(fresh, verb, by=SYSTEM, at=at)
    return fresh


def settle(at: datetime) -> None:
    """Settle all work that the loading caused, so that the goals measure only their own work."""
    done = {"state": Work.DONE, "settled_at": at}
    Handover.objects.filter(state=Work.PENDING).update(**done)
    Due.objects.filter(state=Work.PENDING).update(**done)
