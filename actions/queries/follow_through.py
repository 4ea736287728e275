"""How actions are followed through: how many were done in time, and how late the others were."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Aggregate, Count, DateField, DurationField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import TruncDate

from actions.filters import FOLLOW_THROUGH
from actions.models import Action
from actions.states import ActionState
from history.models import RecordedQuerySet
from lists.collation import Collated
from lists.specification import Reader, Selection
from people import queries as people

PERIOD = timedelta(days=90)
SPEC = FOLLOW_THROUGH  # for upper rooms


class Median(Aggregate):
    """The median of an expression, interpolated between two values."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


@dataclass(frozen=True, slots=True)
class FollowThrough:
    """The dated actions of one team or series that were done in a period.

    key: of its page, "" for all. done, in_time: numbers. median_late: days after the due date, of those that
    were late; None without one.
    """

    key: str
    name: str
    done: int
    in_time: int
    median_late: float | None

    @property
    def late(self) -> int:
        return self.done - self.in_time

    @property
    def share(self) -> int | None:
        """The share that was done in time, in per cent; None without one."""
        return round(100 * self.in_time / self.done) if self.done else None


NUMBERS: Mapping[str, Any] = {
    "done": Count("pk", distinct=True),
    "in_time": Count("pk", distinct=True, filter=Q(settled_day__lte=F("due_on"))),
    "median_late": Median("lateness", filter=Q(settled_day__gt=F("due_on"))),
}


def period(selection: Selection, reader: Reader) -> tuple[date, date]:
    """Return the first and the last day of the period that the selection asks for."""
    until = selection.values.get("until", (reader.today,))[0]
    return selection.values.get("since", (until - PERIOD,))[0], until


def finished(selection: Selection, reader: Reader) -> RecordedQuerySet[Action]:
    """Return the dated actions that this reader may see and that were done in the period.

    settled_day: the day in the zone of the organisation. lateness: the time from the due date to that day.
    """
    since, until = period(selection, reader)
    ours = people.organisation()
    rows: Any = Action.objects.visible_to(reader.user).filter(state=ActionState.DONE, due_on__isnull=False)
    rows = rows.annotate(
        settled_day=TruncDate("settled_at", tzinfo=ours.zone if ours else None),
    ).annotate(
        lateness=ExpressionWrapper(
            F("settled_day") - ExpressionWrapper(F("due_on"), DateField()), DurationField()
        )
    )
    chosen: Any = FOLLOW_THROUGH.apply(rows, selection, reader)
    return chosen.filter(settled_day__range=(since, until)).order_by()


def of_all(selection: Selection, reader: Reader) -> FollowThrough:
    """Return the figures of all actions. One query."""
    return one("", "All", finished(selection, reader).aggregate(**NUMBERS))


def by_team(selection: Selection, reader: Reader) -> list[FollowThrough]:
    """Return a row for each team of owners, by name. An action counts in each team of its owner."""
    teams = "owner__memberships__team"
    rows: QuerySet[Any, Any] = (
        finished(selection, reader)
        .filter(owner__memberships__isnull=False)
        .values(key=F(f"{teams}__slug"), name=F(f"{teams}__name"))
        .annotate(**NUMBERS)
        .order_by(Collated(f"{teams}__name"), "key")
    )
    return [one(row["key"], row["name"], row) for row in rows]


def one(key: str, name: str, row: Mapping[str, Any]) -> FollowThrough:
    """Return the figures of a row of NUMBERS."""
    median = row["median_late"]
    days = None if median is None else round(median.total_seconds() / 86400, 1)
    return FollowThrough(key, name, row["done"], row["in_time"], days)
