"""Queries of the learning of the week: what was chosen, and what people voted for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    Count,
    DateTimeField,
    ExpressionWrapper,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Concat

from history.digest_parts import DigestPart, Said
from learnings.models import Learning, LearningOfWeek, LearningVote
from learnings.queries.learning import published
from learnings.states import LearningState
from people.models import User
from risklog.operations.days import day_of

WEEK = timedelta(days=7)


def monday_of(day: date) -> date:
    """Return the Monday of the week of a day."""
    return day - timedelta(days=day.weekday())


def week_of(at: datetime) -> date:
    """Return the Monday of the week of a moment, at the organisation."""
    return monday_of(day_of(at))


def name_of(week: date) -> str:
    """Return the ISO week of a day, such as "2026-W48"."""
    year, number, _ = week.isocalendar()
    return f"{year}-W{number:02}"


@dataclass(frozen=True, slots=True)
class WeeksLearning:
    """The learning of a week. chosen_by: a name, "" if votes decide. votes: their number."""

    learning: Learning
    week: date
    chosen_by: str
    votes: int


def present_of(user: User, at: datetime) -> WeeksLearning | None:
    """Return the learning of this week, or that of the last one while there is none. One query."""
    week = week_of(at)
    return _first(user, [week, week - WEEK])


def of_week(user: User, week: date) -> WeeksLearning | None:
    """Return the learning of a week. One query."""
    return _first(user, [week])


def _first(user: User, weeks: Sequence[date]) -> WeeksLearning | None:
    """Return the learning of the first of these weeks that has one.

    The choice comes first, then the learning with the most votes. Both count only among the learnings that
    the user may see, so that readers of a restricted learning may have another one than others.
    """
    rows = published(user).filter(
        Q(pk__in=_choices().filter(week__in=weeks).values("learning"))
        | Q(pk__in=LearningVote.objects.filter(week__in=weeks).values("learning"))
    )
    names: dict[str, Any] = {}
    ranks, votes = [], []
    for place, week in enumerate(weeks):
        later = 2 * (len(weeks) - place)
        names[f"chosen_{place}"] = Subquery(
            _choices().filter(week=week, learning=OuterRef("pk")).values("chosen_by__name")[:1],
            output_field=TextField(),
        )
        names[f"votes_{place}"] = _votes_of(week)
        ranks.append(When(**{f"chosen_{place}__isnull": False}, then=Value(later)))
        ranks.append(When(**{f"votes_{place}__gt": 0}, then=Value(later - 1)))
        votes.append(F(f"votes_{place}").desc())
    ranked: Any = rows.annotate(**names).annotate(rank=Case(*ranks, output_field=IntegerField()))
    found = ranked.order_by("-rank", *votes, "-published_at", "-id").first()
    if found is None:
        return None
    place = len(weeks) - (found.rank + 1) // 2
    chosen_by, number = getattr(found, f"chosen_{place}"), getattr(found, f"votes_{place}")
    return WeeksLearning(found, weeks[place], chosen_by or "", number)


def _choices() -> QuerySet[LearningOfWeek]:
    """Return the present choices. A learning that was withdrawn is chosen no more."""
    return LearningOfWeek.objects.filter(replaced_at__isnull=True, learning__state=LearningState.PUBLISHED)


def _votes_of(week: date) -> Coalesce:
    counted = LearningVote.objects.filter(week=week, learning=OuterRef("pk")).order_by().values("learning")
    return Coalesce(
        Subquery(counted.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), Value(0)
    )


def set_votes(user: User, rows: Sequence[Learning], at: datetime) -> None:
    """Set vote_count and is_my_vote of each row, for this week. One query."""
    found = LearningVote.objects.filter(learning__in=[row.pk for row in rows], week=week_of(at))
    voters: dict[int, set[int]] = {}
    for learning_id, user_id in found.values_list("learning_id", "user_id"):
        voters.setdefault(learning_id, set()).add(user_id)
    for row in rows:
        row.vote_count = len(voters.get(row.pk, ()))
        row.is_my_vote = user.pk in voters.get(row.pk, ())


# ------------------------------------------------------------------ the digest


def _of_weeks(since: datetime, until: datetime) -> QuerySet[Learning]:
    """Return the learning of each week that was chosen or voted for in this time, with its moment and why.

    Votes decide among learnings that everybody may see, because one statement serves all readers.
    """
    found: dict[int, tuple[datetime, str]] = {}
    decided: set[date] = set()
    for row in sorted(_decided_between(since, until), key=lambda row: (row["week"], -row["rank"], -row["n"])):
        if row["week"] in decided:
            continue
        found[row["learning"]] = (
            row["moment"],
            row["why"] or f"{row['n']} vote{'' if row['n'] == 1 else 's'}",
        )
        if row["is_open"]:
            decided.add(row["week"])
    moments = [When(pk=pk, then=Value(moment)) for pk, (moment, _) in found.items()]
    reasons = [When(pk=pk, then=Value(why)) for pk, (_, why) in found.items()]
    rows = Learning.objects.filter(pk__in=list(found), state=LearningState.PUBLISHED)
    return rows.annotate(
        decided_at=Case(*moments, default=None, output_field=DateTimeField()),
        why=Case(*reasons, default=Value(""), output_field=TextField()),
    )


def _decided_between(since: datetime, until: datetime) -> Any:
    """Return the choices and the votes for open learnings, by week and learning. One query."""
    chosen = _choices().filter(chosen_at__gt=since, chosen_at__lte=until)
    votes = LearningVote.objects.filter(
        voted_at__gt=since,
        voted_at__lte=until,
        learning__state=LearningState.PUBLISHED,
        learning__subject__viewers__isnull=True,
    )
    return chosen.values(
        "week",
        "learning",
        moment=F("chosen_at"),
        why=Concat(Value("Chosen by "), "chosen_by__name"),
        n=Value(0),
        rank=Value(1),
        is_open=ExpressionWrapper(Q(learning__subject__viewers__isnull=True), BooleanField()),
    ).union(
        votes.order_by()
        .values("week", "learning")
        .annotate(
            moment=Max("voted_at"),
            why=Value("", TextField()),
            n=Count("pk"),
            rank=Value(0),
            is_open=Value(True),
        ),
        all=True,
    )


IN_DIGEST = DigestPart(
    "learning_of_week",
    "Learning of the week",
    rows=_of_weeks,
    moment="decided_at",
    facts={"author": "author__name", "why": "why"},
    said=lambda moment, facts: Said(
        f"By {facts['author']}. {facts['why']}." if facts["author"] else f"{facts['why']}."
    ),
)
