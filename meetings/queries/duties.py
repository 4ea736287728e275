"""The ledger of duties: what people facilitated, wrote down, observed and reviewed in a period. No ranks.

A duty counts for readers who may see its meeting or review.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from actions.queries.follow_through import period
from incidents.models import Observer, Postmortem
from incidents.states import PostmortemState
from lists.collation import BY_NAME
from lists.specification import Reader, Selection
from meetings.models import Meeting
from meetings.states import MeetingState
from people import queries as people
from people.models import Membership, User
from risklog.models import Review, Reviewer

DUTIES = ("facilitated", "scribed", "observed", "observed_reviews", "reviewed")
_ANY = Q(*[(f"{name}__gt", 0) for name in DUTIES], _connector=Q.OR)


@dataclass(frozen=True, slots=True)
class TeamDuties:
    """The duties of the members of a team. Who is in two teams counts in both."""

    name: str
    slug: str
    facilitated: int = 0
    scribed: int = 0
    observed: int = 0
    observed_reviews: int = 0
    reviewed: int = 0


def of_people(selection: Selection, reader: Reader) -> QuerySet[User]:
    """Return the people with a duty in the period, each with the number of each kind of DUTIES."""
    return _of_people(reader, *period(selection, reader))


def by_team(selection: Selection, reader: Reader) -> list[TeamDuties]:
    """Return the duties by team, by name. Two queries."""
    found = of_people(selection, reader).order_by().values("pk", *DUTIES)
    numbers = {row["pk"]: row for row in found}
    sums: dict[tuple[str, str], dict[str, int]] = {}
    rows = Membership.objects.filter(user__in=list(numbers)).order_by(
        "team__name__collated", "team__name", "pk"
    )
    for name, slug, person in rows.values_list("team__name", "team__slug", "user"):
        of_team = sums.setdefault((name, slug), dict.fromkeys(DUTIES, 0))
        for duty in DUTIES:
            of_team[duty] += numbers[person][duty]
    return [TeamDuties(name, slug, **numbers) for (name, slug), numbers in sums.items()]


def _of_people(reader: Reader, since: date, until: date) -> QuerySet[User]:
    zone = people.zone_of(None)
    start = datetime.combine(since, time(), zone)
    end = datetime.combine(until + timedelta(days=1), time(), zone)
    held = Meeting.objects.visible_to(reader.user).filter(
        state=MeetingState.CLOSED, starts_at__gte=start, starts_at__lt=end
    )
    done = Postmortem.objects.visible_to(reader.user).filter(state=PostmortemState.DONE)
    observers = Observer.objects.active().filter(postmortem__in=done, on__gte=since, on__lte=until)
    reviews = Review.objects.visible_to(reader.user)
    answers = Reviewer.objects.filter(review__in=reviews, answered_at__gte=start, answered_at__lt=end)
    rows: Any = User.objects.visible_to(reader.user).select_related("function", "subject")
    return (
        rows.annotate(
            facilitated=_number(held, "facilitator"),
            scribed=_number(held, "scribe"),
            observed=_number(held, "observer"),
            observed_reviews=_number(observers, "user"),
            reviewed=_number(answers, "user"),
            function_name=F("function__name"),
        )
        .filter(_ANY)
        .order_by(*BY_NAME)
    )


def _number(rows: QuerySet[Any], path: str) -> Coalesce:
    """Return the number of rows whose `path` is the person."""
    mine = rows.filter(**{path: OuterRef("pk")}).order_by().values(path)
    return Coalesce(Subquery(mine.annotate(number=Count("pk")).values("number")), 0)


def link(user: User, obj: Any) -> bool:
    """Show the link to the page beside the tabs of people and teams."""
    return True


def shown(rows: Sequence[User]) -> list[dict[str, Any]]:
    """Return rows of of_people() as a person with the numbers in the order of DUTIES."""
    return [{"person": row, "numbers": [getattr(row, name) for name in DUTIES]} for row in rows]
