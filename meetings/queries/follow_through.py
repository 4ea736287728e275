"""The follow-through of actions by the meeting series that agreed them."""

from typing import Any

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from actions.queries import follow_through
from actions.queries.follow_through import NUMBERS, FollowThrough
from lists.specification import Reader, Selection
from meetings.models import Decision, Meeting, MeetingSeries
from people.models import User


def by_series(selection: Selection, reader: Reader) -> list[FollowThrough]:
    """Return a row for each visible series that agreed some of these actions, by name. Two queries."""
    decided = Decision.objects.filter(subject=OuterRef("origin")).values("meeting__series")
    agreed = Meeting.objects.filter(subject=OuterRef("origin")).values("series")
    rows = (
        follow_through.finished(selection, reader)
        .annotate(series=Coalesce(Subquery(decided[:1]), Subquery(agreed[:1])))
        .filter(series__isnull=False)
        .values(key=F("series"))
        .annotate(**NUMBERS)
    )
    found = {row["key"]: row for row in rows}
    known = MeetingSeries.objects.visible_to(reader.user).filter(pk__in=found)
    ordered = known.order_by("name__collated", "name", "id").values_list("pk", "name")
    return [follow_through.one(str(pk), name, found[pk]) for pk, name in ordered]


def panel(user: User, asked: Any) -> list[FollowThrough]:
    """Return the rows for the page of follow-through. asked: its selection and reader."""
    return by_series(asked.selection, asked.reader)
