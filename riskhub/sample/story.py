"""Six weeks of the sample's life, day by day, through the same operations and the same tick as in earnest."""

import random
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from actions.models import Action
from actions.operations import action as actions
from catalogue.models import Model
from catalogue.operations import model as models
from kit.actor import SYSTEM, Actor
from learnings.models import Learning
from learnings.operations import learning as learnings
from learnings.states import State as LearningState
from meetings.models import Meeting
from meetings.operations import decision as decisions
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.operations import series as meeting_series
from meetings.states import ItemOutcome, ItemState, MeetingState
from people.models import Function, Team, User
from people.operations import organisation, person, team
from riskhub import schedule
from riskhub.sample import cast
from risklog.models import Category, Review, Risk
from risklog.operations import ladder, reviewer, risk, taxonomy
from risklog.states import Outcome, ReviewState
from signals.mapping import points as readings
from signals.models import Series
from signals.operations import points, source, threshold

WEEKS = 6
_ORDER = ("data-engineering", "data-science", "engineering", "platform-operations", "risk-management")


class Story:
    """Tells it up to `now`. passwords: address -> password, made by the caller."""

    def __init__(self, now: datetime, passwords: dict[str, str]) -> None:
        self.now, self.passwords = now, passwords
        self.zone = ZoneInfo(cast.ZONE)
        self.start = self._moment(now.astimezone(self.zone).date() - timedelta(weeks=WEEKS), 8)
        self.chance = random.Random(20261123)  # the same story on every machine  # noqa: S311
        self.people: dict[str, User] = {}
        self.teams: dict[str, Team] = {}

    def tell(self) -> None:
        self._found()
        self._register_models()
        self._plan_meetings()
        self._watch()
        day = self.start.astimezone(self.zone).date()
        last = self.now.astimezone(self.zone).date()
        while day <= last:
            self._live_through(day)
            day += timedelta(days=1)
        schedule.tick(self.now)

    # ------------------------------------------------------------------ the ground

    def _found(self) -> None:
        organisation.found(
            name=cast.ORGANISATION, time_zone=cast.ZONE, is_sample=True, by=SYSTEM, at=self.start
        )
        functions = {function.slug: function for function in Function.objects.all()}
        for name, address, function, role in cast.PEOPLE:
            self.people[address.split("@", maxsplit=1)[0]] = person.add(
                name=name,
                email=address,
                role=role,
                function=functions[function],
                password=self.passwords[address],
                by=SYSTEM,
                at=self.start,
            )
        self.admin = Actor(self.people["admin"], "page")
        for name, lead, members in cast.TEAMS:
            self.teams[name] = made = team.add(
                name=name, lead=self.people[lead], by=self.admin, at=self.start
            )
            for member in members:
                team.join(made, self.people[member], by=self.admin, at=self.start)
        taxonomy.seed(by=self.admin, at=self.start)
        ladder.seed(by=self.admin, at=self.start)

    def _register_models(self) -> None:
        for one in cast.MODELS:
            models.add(
                slug=one.slug,
                name=one.name,
                purpose=one.purpose,
                owner_team=self.teams[one.team],
                tier=one.tier,
                by=self.admin,
                at=self.start,
            )

    def _plan_meetings(self) -> None:
        """One forum of all teams: Wednesday at ten in Berlin."""
        first = self.start.astimezone(self.zone).date()
        first += timedelta(days=(2 - first.weekday()) % 7)
        functions = {function.slug: function for function in Function.objects.all()}
        meeting_series.add(
            name="Model risk forum",
            purpose="What moved since last week, across teams: look, decide, act.",
            first_on=first,
            starts_at=time(10),
            time_zone=cast.ZONE,
            rrule="FREQ=WEEKLY;BYDAY=WE",
            teams=list(self.teams.values()),
            functions=[functions[slug] for slug in _ORDER],
            sponsor=self.people["victor"],
            place="Room Aare, or the usual call",
            by=self.admin,
            at=self.start,
        )

    def _watch(self) -> None:
        """A source, thirty days of points before the story begins, and the thresholds agreed on them."""
        self.source = source.named(
            "feature-monitor", adapter="points", by=Actor(self.people["jonas"], "api"), at=self.start
        )
        first = self.start.astimezone(self.zone).date()
        for back in range(30, 0, -1):
            self._push(first - timedelta(days=back), at=self.start)
        for registered in cast.MODELS:
            for metric in registered.metrics:
                self._agree(registered, metric)

    def _agree(self, registered: cast.Registered, metric: cast.Metric) -> None:
        series = Series.objects.get(model_name=registered.slug, metric=metric.metric, feature=metric.feature)
        version = threshold.propose(
            series,
            direction=metric.direction,
            warning=metric.warning,
            critical=metric.critical,
            clear=metric.clear,
            reason="Set from thirty days of history; to be looked at after a quarter.",
            by=Actor(self.people["wei"], "page"),
            at=self.start,
        )
        threshold.agree(version, by=Actor(self.people["sofia"], "page"), at=self.start)

    # ------------------------------------------------------------------ a day

    def _live_through(self, day: date) -> None:
        age = (self.now.astimezone(self.zone).date() - day).days
        morning, evening = self._moment(day, 9), self._moment(day, 17)
        if morning <= self.now:
            self._push(day, at=morning)
            self._raise_risks(age, at=morning)
            schedule.tick(morning)
        if day.weekday() < 5 and self._moment(day, 14) <= self.now:
            self._answer_reviews(age, at=self._moment(day, 14))
            self._work(age, at=self._moment(day, 15))
        for meeting in Meeting.objects.filter(
            state=MeetingState.PLANNED, ends_at__lte=min(self.now, evening)
        ).order_by("starts_at"):
            self._meet(meeting)
        if evening <= self.now:
            schedule.tick(evening)

    def _push(self, day: date, *, at: datetime) -> None:
        age = (self.now.astimezone(self.zone).date() - day).days
        moment = self._moment(day, 6)
        items_ = [
            {
                "model": registered.slug,
                "metric": metric.metric,
                "feature": metric.feature,
                "kind": str(metric.kind),
                "unit": metric.unit,
                "ts": moment.isoformat(),
                "value": self._value(metric, day, age),
            }
            for registered in cast.MODELS
            for metric in registered.metrics
        ]
        reading = readings.read({"points": items_}, at=at)
        points.store(reading, source=self.source, by=Actor(self.people["jonas"], "api"), at=at)

    def _value(self, metric: cast.Metric, day: date, age: int) -> float:
        value = metric.level + self.chance.gauss(0, metric.noise)
        if metric.drift and age <= metric.drift_from:
            progress = min(1.0, (metric.drift_from - age + 1) / 7)
            recovered = metric.drift_from > 20 and age < metric.drift_from - 12
            value += 0 if recovered else metric.drift * progress
        return round(max(value, 0.0), 4)

    def _raise_risks(self, age: int, *, at: datetime) -> None:
        """Two risks in most weeks, by the people who would have seen them."""
        weekday = at.astimezone(self.zone).weekday()
        turn = (WEEKS * 7 - age) // 7 * 2 + (0 if weekday == 1 else 1)
        if weekday not in {1, 3} or turn >= len(cast.RISKS):
            return
        title, category, model, owning, owner, likelihood, impact, seen, affected = cast.RISKS[turn]
        by = self.people[owner or "priya"]
        made = risk.add(
            title=title,
            category=Category.objects.get(slug=category),
            model=Model.objects.get(slug=model),
            team=self.teams[owning],
            owner=self.people[owner] if owner else None,
            likelihood=likelihood,
            impact=impact,
            seen_what=seen,
            affected=affected,
            is_unnamed=turn == 8,
            by=Actor(by, "page"),
            at=at,
        )
        if turn in {0, 2, 3, 5} and owner:
            risk.assess(made, by=Actor(by, "page"), at=at + timedelta(hours=2))

    def _answer_reviews(self, age: int, *, at: datetime) -> None:
        """Most reviews are answered within a day; those of the last two days still wait."""
        for one in Review.objects.filter(state=ReviewState.OPEN, opened_at__lt=at - timedelta(hours=4)):
            waiting = one.reviewers.filter(answered_at__isnull=True).select_related("user").order_by("id")
            if age > 2 and (asked := waiting.first()):
                by = Actor(asked.user, "page")
                reviewer.answer(
                    one, verdict=Outcome.CONFIRMED, note="Seen in the raw data as well.", by=by, at=at
                )

    def _work(self, age: int, *, at: datetime) -> None:
        """One action is finished on most days; the oldest late one is left alone, as happens."""
        late = Action.objects.filter(state__in=["open", "doing"], owner__isnull=False).order_by(
            "due_on", "id"
        )
        for one in late[1:2] if age % 2 else ():
            actions.finish(one, by=Actor(one.owner, "page"), at=at)
        for draft in Learning.objects.filter(state=LearningState.DRAFT)[: 1 if age in {4, 11, 18, 25} else 0]:
            by = Actor(self.people["wei"], "page")
            learnings.take(draft, author=self.people["wei"], by=by, at=at)
            draft.refresh_from_db()
            learnings.publish(draft, by=by, at=at)

    # ------------------------------------------------------------------ a meeting

    def _meet(self, meeting: Meeting) -> None:
        """Held as planned: reviews are decided, the rest is looked at, what is left is carried over."""
        leader = meeting.facilitator or self.people["sofia"]
        by, at = Actor(leader, "page"), meeting.starts_at
        meetings.start(meeting, by=by, at=at)
        meetings.attend(meeting, present=list(self.people.values())[1:9], by=by, at=at)
        waiting = (
            meeting.items.filter(state=ItemState.WAITING)
            .select_related("about", "meeting")
            .order_by("rank", "id")
        )
        for number, item in enumerate(waiting[:5]):
            at += timedelta(minutes=8)
            items.take_up(item, by=by, at=at)
            self._settle(item, number, by=by, at=at + timedelta(minutes=6))
        meeting.refresh_from_db()
        meetings.close(
            meeting,
            improvement="Bring the chart of the last thirty days.",
            was_worth_it=True,
            by=by,
            at=meeting.ends_at,
        )
        schedule.tick(meeting.ends_at)

    def _settle(self, item, number: int, *, by: Actor, at: datetime) -> None:
        item.refresh_from_db()
        if item.about is None or item.about.kind not in {Review.KIND, Risk.KIND}:
            items.finish(item, outcome=ItemOutcome.NO_CHANGE, by=by, at=at)
            return
        owner = self.people[self.chance.choice(["ana", "jonas", "priya", "tunde", "noor"])]
        due = (at + timedelta(days=self.chance.choice([4, 7, 10]))).date()
        is_review = item.about.kind == Review.KIND
        decisions.record(
            text=f"We take up “{item.title}” and look at it again when the action is done.",
            reason="Both functions saw it in the data, and nobody objected.",
            item=item,
            settles=Outcome.CONFIRMED if is_review else "",
            actions=[{"title": f"Find the cause: {item.title}"[:200], "owner": owner, "due_on": due}],
            by=by,
            at=at,
        )

    def _moment(self, day: date, hour: int) -> datetime:
        return datetime.combine(day, time(hour), self.zone).astimezone(ZoneInfo("UTC"))
