"""What happened in a period, loaded once for all people whose digests are written together.

The number of queries does not depend on the number of people. What one person may see is decided in memory,
with the columns of the subjects (kit.sight).
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, DateField, DateTimeField, F, OuterRef, Q, Value
from django.db.models.functions import JSONObject

from actions import queries as actions
from actions.models import Action
from history.digest_parts import digest_parts
from history.models import Event, Subject
from kit.sight import Sight
from meetings.models import Meeting, MeetingSeries
from meetings.states import TO_COME
from notices.models import Entry
from people.models import User
from risklog.models import Climb, Escalation, Reviewer, Risk, Score
from risklog.states import UNRESOLVED, ReviewState, RiskState, ScoringState, Severity
from signals.models import Breach, BreachGroup
from signals.states import BreachState

AHEAD = timedelta(days=7)
CLOSED = "risklog.risk_closed"
Row = TypeVar("Row")


class Pool(Generic[Row]):
    """Rows in their order, of which each reader sees those whose subjects they may see."""

    def __init__(self, rows: Iterable[Row], subject_of: Callable[[Row], Subject]) -> None:
        self.rows = list(rows)
        self._subject_of = subject_of
        self._open: list[int] = []
        self._restricted: dict[int, list[int]] = defaultdict(list)
        for position, row in enumerate(self.rows):
            subject = subject_of(row)
            if subject.viewers is None:
                self._open.append(position)
                continue
            for pk in {*subject.viewers, *(subject.granted or ())}:
                self._restricted[pk].append(position)

    @cached_property
    def _open_rows(self) -> list[Row]:
        return [self.rows[position] for position in self._open]

    def visible(self, sight: Sight) -> Sequence[Row]:
        """Return the rows that a reader may see, in their order."""
        if sight.everything:
            return self.rows
        own = {position for pk in sight.ids for position in self._restricted.get(pk, ())}
        if not own:
            return self._open_rows
        return [self.rows[position] for position in sorted({*self._open, *own})]

    def chosen(self, keep: Callable[[Row], bool]) -> "Pool[Row]":
        """Return the pool of those rows that `keep` accepts."""
        return Pool([row for row in self.rows if keep(row)], self._subject_of)


@dataclass(frozen=True, slots=True)
class StepOfRisk:
    """A step of a risk: a verb, its moment, and [old, new] level if that changed."""

    verb: str
    at: datetime
    level: list[int] | None


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """What a person is asked: to answer a review by `due_at`, or to score a risk until the day `ends_on`."""

    user_id: int
    subject: Subject
    severity: Severity | None
    due_at: datetime | None
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class PartRow:
    """A row of a part of the digest (history/digest_parts.py), with the facts that its line needs."""

    subject: Subject
    moment: datetime
    facts: dict[str, Any]


# What a line and its visibility need of a subject.
_OF_SUBJECT = ("id", "kind", "reference", "title", "viewers", "granted")


@dataclass(slots=True)
class Week:
    """The rows of a period, for these people. Each field is at most one query, made when it is read first.

    earliest: before the start of every digest, and of the period that it is compared with. at: the end.
    without_views: the ids of people who are known to subscribe to no view.
    """

    people: Sequence[User]
    earliest: datetime
    at: datetime
    without_views: Collection[int] = ()
    _loaded: dict[str, Any] = field(default_factory=dict)

    def _once(self, name: str, load: Callable[[], Any]) -> Any:
        if name not in self._loaded:
            self._loaded[name] = load()
        return self._loaded[name]

    @property
    def risks(self) -> Pool[Any]:
        """The risks that changed, the worst first, each with `steps`: its events of the period."""
        return self._once("risks", self._risks)

    def _risks(self) -> Pool[Any]:
        events = Event.objects.filter(subject=OuterRef("subject"), at__gt=self.earliest, at__lte=self.at)
        steps = events.filter(verb__startswith="risklog.risk_").order_by("at", "id")
        rows: Any = (
            Risk.objects.filter(updated_at__gt=self.earliest, opened_at__lte=self.at)
            .annotate(
                raw=ArraySubquery(steps.values(one=JSONObject(verb="verb", at="at", level="data__level")))
            )
            .select_related("subject", "owner")
            .order_by("-severity", "-id")
        )
        found = list(rows)
        for risk in found:
            risk.steps = [
                StepOfRisk(one["verb"], datetime.fromisoformat(one["at"]), one["level"])
                for one in risk.raw or ()
            ]
        return Pool(found, lambda risk: risk.subject)

    @property
    def escalations(self) -> Pool[Any]:
        """Return those that are unresolved or were so in the period, newest first, with `notified_ids`."""

        def load() -> Pool[Any]:
            calls = Climb.objects.filter(escalation=OuterRef("pk")).values("notified_ids")
            rows: Any = (
                Escalation.objects.filter(
                    Q(state__in=UNRESOLVED) | Q(resolved_at__gt=self.earliest), started_at__lte=self.at
                )
                .annotate(calls=ArraySubquery(calls.values(call=JSONObject(notified_ids="notified_ids"))))
                .select_related("subject", "about", "acknowledged_by")
                .order_by("-started_at", "-id")
            )
            found = list(rows)
            for one in found:
                one.notified_ids = {pk for call in one.calls or () for pk in call["notified_ids"] or ()}
            return Pool(found, lambda one: one.subject)

        return self._once("escalations", load)

    @property
    def questions(self) -> dict[int, list[OpenQuestion]]:
        """Person -> the reviews they have to answer, then the risks they have to score, the soonest first.

        One query for both kinds.
        """

        def load() -> dict[int, list[OpenQuestion]]:
            reviews = Reviewer.objects.unanswered().filter(
                user__in=self.people, review__state=ReviewState.OPEN
            )
            scores = Score.objects.filter(
                user__in=self.people, answered_at__isnull=True, round__state=ScoringState.OPEN
            )
            asked = _with_subject(
                reviews,
                "review__subject",
                asked_id=F("user_id"),
                severity=F("review__severity"),
                due_at=F("review__due_at"),
                ends_on=Value(None, DateField()),
            ).union(
                _with_subject(
                    scores,
                    "round__risk__subject",
                    asked_id=F("user_id"),
                    severity=Value(None, CharField()),
                    due_at=Value(None, DateTimeField()),
                    ends_on=F("round__ends_on"),
                ),
                all=True,
            )
            rows = asked.order_by("due_at", "ends_on", "of_id")
            found = [
                OpenQuestion(
                    row["asked_id"], _subject_of(row), row["severity"], row["due_at"], row["ends_on"]
                )
                for row in rows
            ]
            return _grouped(found, lambda one: [one.user_id])

        return self._once("questions", load)

    @property
    def actions(self) -> Pool[Action]:
        """Those that are due soon, or are overdue, or were a week ago, by due date."""

        def load() -> Pool[Action]:
            rows: Any = actions.actions().filter(
                Q(settled_at__isnull=True) | Q(settled_at__gt=self.earliest),
                due_on__lte=(self.at + AHEAD).date(),
                made_at__lte=self.at,
            )
            ordered = rows.select_related(None).select_related("subject").order_by("due_order", "id")
            return Pool(ordered, lambda one: one.subject)

        return self._once("actions", load)

    @property
    def actions_of(self) -> dict[int, list[Action]]:
        """Person -> their unfinished actions of the pool, by due date."""
        return self._once(
            "actions_of",
            lambda: _grouped(
                (one for one in self.actions.rows if one.is_unfinished),
                lambda one: [one.owner_id] if one.owner_id else [],
            ),
        )

    @property
    def meetings(self) -> dict[int, list[Meeting]]:
        """Person -> the meetings of the next two weeks that they lead or take part in, soonest first."""

        def load() -> dict[int, list[Meeting]]:
            series = MeetingSeries.objects.filter(pk=OuterRef("series"))
            rows: Any = (
                Meeting.objects.filter(
                    state__in=TO_COME, ends_at__gt=self.at, starts_at__lt=self.at + 2 * AHEAD
                )
                .annotate(
                    named=ArraySubquery(
                        series.filter(participants__isnull=False).values_list("participants", flat=True)
                    ),
                    teams=ArraySubquery(series.filter(teams__isnull=False).values_list("teams", flat=True)),
                )
                .select_related("subject", "series", "focus", "facilitator")
                .order_by("starts_at", "id")
            )
            of_team: dict[int, list[int]] = defaultdict(list)
            for user in self.people:
                for team in user.team_ids:
                    of_team[team].append(user.pk)

            def people_of(one: Any) -> set[int]:
                in_teams = (pk for team in one.teams or () for pk in of_team.get(team, ()))
                led = (pk for pk in (one.facilitator_id, one.stand_in_id, one.observer_id) if pk)
                return {*(one.named or ()), *in_teams, *led}

            return _grouped(rows, people_of)

        return self._once("meetings", load)

    @property
    def parts(self) -> dict[str, Pool[PartRow]]:
        """Key of a part of the digest -> its rows, the latest first. One query for all parts."""

        def load() -> dict[str, Pool[PartRow]]:
            rows: dict[str, list[PartRow]] = defaultdict(list)
            for row in self._rows_of_parts():
                found = PartRow(_subject_of(row), row["moment"], row["facts"])
                rows[row["part"]].append(found)
            return {key: Pool(found, lambda one: one.subject) for key, found in rows.items()}

        return self._once("parts", load)

    def _rows_of_parts(self) -> Iterable[dict[str, Any]]:
        selects = [
            _with_subject(
                part.rows(self.earliest, self.at),
                "subject",
                part=Value(part.key, CharField()),
                moment=F(part.moment) if isinstance(part.moment, str) else part.moment,
                facts=JSONObject(**part.facts),
            )
            for part in digest_parts()
        ]
        if not selects:
            return ()
        return selects[0].union(*selects[1:], all=True).order_by("-moment", "-of_id")

    @property
    def breaches(self) -> dict[int, list[BreachGroup]]:
        """Team -> the open breaches of its models, the worst and newest first; with `series`: its metric."""

        def load() -> dict[int, list[BreachGroup]]:
            rows: Any = (
                BreachGroup.objects.filter(
                    state=BreachState.OPEN, is_muted=False, model__owner_team__isnull=False
                )
                .annotate(metric=ArraySubquery(_metrics()))
                .select_related("subject", "model__subject")
                .order_by("-level", "-opened_at", "-id")
            )
            return _grouped(rows, lambda one: [one.model.owner_team_id])

        return self._once("breaches", load)

    @property
    def news(self) -> dict[int, list[Entry]]:
        """Person -> the entries of their inbox that they want in the digest, newest first."""

        def load() -> dict[int, list[Entry]]:
            rows = Entry.objects.filter(
                user__in=self.people, digest__isnull=True, is_for_digest=True, at__lte=self.at
            )
            ordered = rows.select_related("event__subject").order_by("-at", "-id")
            return _grouped(ordered, lambda one: [one.user_id])

        return self._once("news", load)

    # -------------------------------------------------------------- derived, once for each start

    def opened(self, since: datetime, until: datetime) -> Pool[Any]:
        """The risks that were opened in this time."""
        return self._once(
            f"opened {since} {until}",
            lambda: self.risks.chosen(lambda risk: since < risk.opened_at <= until),
        )

    def closed(self, since: datetime, until: datetime) -> Pool[Any]:
        """The risks that were closed in this time and still are."""
        return self._once(
            f"closed {since} {until}",
            lambda: self.risks.chosen(
                lambda risk: risk.state == RiskState.CLOSED and _is_closed_in(risk, since, until)
            ),
        )

    def unresolved(self, moment: datetime) -> Pool[Any]:
        """The escalations that were unresolved at this moment."""
        return self._once(
            f"unresolved {moment}",
            lambda: self.escalations.chosen(
                lambda one: one.started_at <= moment and (one.resolved_at is None or one.resolved_at > moment)
            ),
        )

    def late(self, day: date, moment: datetime) -> Pool[Action]:
        """The actions that were unfinished at this moment and due before this day."""

        def is_late(one: Any) -> bool:
            was_open = one.made_at <= moment and (one.settled_at is None or one.settled_at > moment)
            return was_open and one.due_on < day

        return self._once(f"late {day} {moment}", lambda: self.actions.chosen(is_late))

    def of_teams(self, since: datetime) -> dict[int, list[Any]]:
        """Team -> its risks with steps since then."""
        return self._once(
            f"teams {since}",
            lambda: _grouped(
                (risk for risk in self.risks.rows if any(step.at > since for step in risk.steps)),
                lambda risk: [risk.team_id] if risk.team_id else [],
            ),
        )


def _with_subject(rows: Any, path: str, **columns: Any) -> Any:
    """Return rows of these columns and of those of a subject, as _subject_of() reads them."""
    names = {f"of_{name}": F(f"{path}__{name}") for name in _OF_SUBJECT}
    return rows.order_by().values(**names, **columns)


def _subject_of(row: dict[str, Any]) -> Subject:
    return Subject(**{name: row[f"of_{name}"] for name in _OF_SUBJECT})


def _metrics() -> Any:
    rows = Breach.objects.filter(group=OuterRef("pk"), series__isnull=False).order_by("-level", "-id")
    return rows.values(one=JSONObject(series="series_id", name=F("series__metric")))[:1]


def _is_closed_in(risk: Any, since: datetime, until: datetime) -> bool:
    closings = [step.at for step in risk.steps if step.verb == CLOSED]
    return bool(closings) and since < closings[-1] <= until


def _grouped(rows: Iterable[Any], keys: Callable[[Any], Iterable[int]]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        for key in keys(row):
            found[key].append(row)
    return dict(found)
