"""Six weeks of the sample, day by day, through the same operations and the same tick as in production."""

from datetime import date, datetime, timedelta
from typing import Any

from django.core.files.base import ContentFile

from actions.models import Action
from actions.operations import action as actions
from actions.states import AuditResult
from catalogue.models import Model
from kit.actor import Actor
from leaders.operations import snapshot
from learnings.models import Learning
from learnings.operations import learning as learnings
from learnings.states import LearningState
from meetings.models import AgendaItem, Meeting
from meetings.operations import attendance
from meetings.operations import decision as decisions
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.states import EffectKind, ItemOutcome, ItemState, MeetingState, Purpose
from notices.models import Entry
from notices.operations import entry
from people.states import Role
from riskhub import schedule
from riskhub.sample import texts
from riskhub.sample.experiments import try_out
from riskhub.sample.incidents import handle_incidents
from riskhub.sample.leading import set_goals
from riskhub.sample.learned_together import learn_together
from riskhub.sample.organisation import SampleOrganisation
from riskhub.sample.taught import teach
from riskhub.sample.thanked import thank_each_other
from riskhub.sample.worked_together import work_together
from risklog.models import Category, Review, Risk
from risklog.operations import acceptance, reviewer, risk
from risklog.states import LIVE_RISKS, Outcome, ReviewState, Treatment
from signals.models import Breach, BreachGroup, Series
from signals.operations import dashboard, mute, threshold
from talk.operations import comment

WEEKS = 6
READ_WITHIN = timedelta(days=3)  # people read their inbox so soon
_ORDER = ("data-engineering", "data-science", "engineering", "platform-operations", "risk-management")


class SixWeeks(SampleOrganisation):
    """Creates the sample up to `now`, day by day."""

    def create(self) -> None:
        self._found()
        self._register_models()
        self._assign_rights()
        self._plan_meetings()
        self._add_agenda_template()
        self._save_views()
        self._watch()
        day = self.start.astimezone(self.zone).date()
        last = self.now.astimezone(self.zone).date()
        while day <= last:
            self._play_day(day)
            day += timedelta(days=1)
        self._prepare_next()
        work_together(self.people, at=self.now - timedelta(hours=2))
        learn_together(self.people, at=self.now - timedelta(hours=2))
        thank_each_other(self.people, at=self.now - timedelta(hours=2))
        teach(self.people, at=self.now - timedelta(hours=2))
        handle_incidents(self.people, at=self.now - timedelta(hours=1))
        self._set_appetites(at=self.now)
        set_goals(self.people, self.teams, since=self.start, until=self.now)
        self._request_changes()
        self._record_deployments()
        self._record_runs(is_early=False)
        try_out(self.people, at=self.now - timedelta(hours=2))
        self._write_rollbacks()
        schedule.tick(self.now, is_simulated=True)
        snapshot.take_past(self.start.date(), at=self.now, every=7)
        snapshot.take(self.now)
        self._read_inboxes()

    # ------------------------------------------------------------------ a day

    def _play_day(self, day: date) -> None:
        age = (self.now.astimezone(self.zone).date() - day).days
        morning, evening = self._moment(day, 9), self._moment(day, 17)
        if morning <= self.now:
            self._push(day, at=morning)
            self._raise_risks(day, at=morning)
            schedule.tick(morning, is_simulated=True)
        if day.weekday() < 5 and self._moment(day, 11) <= self.now:
            self._follow_up(day, at=self._moment(day, 11))
        if day.weekday() < 5 and self._moment(day, 14) <= self.now:
            self._answer_reviews(age, at=self._moment(day, 14))
            self._work(at=self._moment(day, 15))
            self._write(age, at=self._moment(day, 16))
        for meeting in Meeting.objects.filter(
            state=MeetingState.PLANNED, ends_at__lte=min(self.now, evening)
        ).order_by("starts_at"):
            self._meet(meeting)
        if evening <= self.now:
            schedule.tick(evening, is_simulated=True)

    def _raise_risks(self, day: date, *, at: datetime) -> None:
        """Create two risks in most weeks, each by its owner."""
        age = (self._today() - day).days
        turn = (WEEKS * 7 - age) // 7 * 2 + (0 if day.weekday() == 1 else 1)
        if day.weekday() not in {1, 3} or turn >= len(texts.RISKS):
            return
        logged = texts.RISKS[turn]
        made = risk.add(
            title=logged.title,
            category=Category.objects.get(slug=logged.category),
            model=Model.objects.get(slug=logged.model),
            team=self.teams[logged.team],
            owner=self.people[logged.owner] if logged.owner else None,
            likelihood=logged.likelihood,
            impact=logged.impact,
            description=logged.seen,
            cause=logged.statement[0],
            event=logged.statement[1],
            effect=logged.statement[2],
            affected=logged.affected,
            series=self._series(logged.model, logged.metric, logged.feature),
            feature=logged.feature,
            tags=logged.tags,
            is_unnamed=logged.is_unnamed,
            by=self._by(logged.owner or "priya"),
            at=at,
        )
        self.risks[logged.title] = made.pk
        if logged.decided:
            self._bring(made, by=self._by("sofia" if logged.is_unnamed else logged.owner or "sofia"), at=at)
        self.ahead += [(day + timedelta(days=step.after), made.pk, step) for step in logged.steps]

    def _bring(self, one: Risk, *, by: Actor, at: datetime) -> None:
        """Put the risk on the next agenda, unless it is there already."""
        planned = Meeting.objects.filter(state=MeetingState.PLANNED, starts_at__gt=at).select_related(
            "series"
        )
        upcoming = planned.order_by("starts_at").first()
        if upcoming is None or upcoming.items.filter(about=one.subject).exists():
            return
        items.add(upcoming, title=one.title, about=one.subject, purpose=Purpose.DECIDE, by=by, at=at)

    def _follow_up(self, day: date, *, at: datetime) -> None:
        """Take the due steps of risks, on working days, and create a risk from a breach."""
        here = [one for one in self.ahead if one[0] <= day]
        self.ahead = [one for one in self.ahead if one[0] > day]
        for _, pk, step in here:
            self._step(Risk.objects.select_related("subject").get(pk=pk), step, at=at)
        fresh = BreachGroup.objects.filter(model__slug="credit-pd", opened_at__lt=at - timedelta(hours=20))
        for group in fresh.exclude(
            pk__in=Risk.objects.filter(breach_group__isnull=False).values("breach_group")
        ):
            made = risk.add_from_breach(group, by=self._by("wei"), at=at)
            risk.change(made, {"owner": self.people["wei"]}, by=self._by("wei"), at=at)

    def _step(self, one: Risk, step: texts.SampleStep, *, at: datetime) -> None:
        by = self._by(step.by)
        if step.does == "assess":
            risk.assess(one, by=by, at=at + timedelta(hours=1))
        elif step.does == "treat":
            risk.treat(one, treatment=Treatment.MITIGATE, reason=step.reason, by=by, at=at)
        elif step.does == "monitor":
            risk.monitor(
                one,
                residual_likelihood=max(1, one.likelihood - 2),
                residual_impact=one.impact,
                reason=step.reason,
                by=by,
                at=at,
            )
        elif step.does == "accept":
            until = at.date() + timedelta(days=90)
            owner = self._by("jonas")
            acceptance.propose(one, until=until, reason=step.reason, by=owner, at=at - timedelta(hours=3))
            acceptance.accept(one, by=by, at=at)
        elif step.does == "close":
            risk.close(one, evidence=step.reason, by=by, at=at)
        elif step.does == "comment":
            files = [ContentFile(step.file[1].encode(), name=step.file[0])] if step.file else []
            comment.add(about=one.subject, text=step.reason, files=files, by=by, at=at)
        elif step.does == "restrict":
            teams = [self.teams["Growth ML"], self.teams["Credit Risk ML"]]
            risk.restrict(one, teams=teams, by=by, at=at)

    def _answer_reviews(self, age: int, *, at: datetime) -> None:
        """Answer most reviews within a day. Those of the last two days stay open."""
        for one in Review.objects.filter(state=ReviewState.OPEN, opened_at__lt=at - timedelta(hours=4)):
            waiting = one.reviewers.filter(answered_at__isnull=True).select_related("user").order_by("id")
            if age > 2 and (asked := waiting.first()):
                note = texts.NOTES[(one.pk + asked.pk) % len(texts.NOTES)]
                reviewer.answer(
                    one, verdict=Outcome.CONFIRMED, note=note, by=Actor(asked.user, "page"), at=at
                )

    def _work(self, *, at: datetime) -> None:
        """Start actions after two days and finish them as texts.py says. Some are late."""
        for one in Action.objects.filter(state__in=["open", "doing"], owner__isnull=False).order_by("id"):
            agreed, by = self.agreed.get(one.title), Actor(one.owner, "page")
            if agreed and agreed.done_after is not None and one.made_at + timedelta(agreed.done_after) <= at:
                actions.finish(one, note=agreed.done, proof=self._proof(one), by=by, at=at)
            elif one.state == "open" and one.made_at + timedelta(days=2) <= at:
                actions.start(one, by=by, at=at)

    def _proof(self, one: Action) -> actions.Proof:
        """Return the result of a review or an audit: fine, by somebody outside the owner's teams."""
        if not one.needs_outsider or one.owner is None:
            return actions.NO_PROOF
        teams = set(one.owner.team_ids)
        able = [person for person in self.people.values() if person.role == Role.MEMBER]
        outside = next(person for person in able if teams.isdisjoint(person.team_ids))
        link = f"https://git.northwind.example/reviews/{one.reference}"
        return actions.Proof(AuditResult.FINE, reviewer=outside, link=link)

    def _write(self, age: int, *, at: datetime) -> None:
        """Publish learnings, from a draft if a review created one."""
        for one in [written for written in self.to_write if written.days_ago >= age]:
            self.to_write.remove(one)
            about = self.settled.get(one.about) if isinstance(one.about, tuple) else None
            by = self._by(one.author)
            draft = (
                Learning.objects.filter(about_id=about, state=LearningState.DRAFT).first() if about else None
            )
            if draft is None and not isinstance(one.about, tuple):
                subject = Risk.objects.get(pk=self.risks[one.about]).subject
                draft = learnings.write(title=one.title, about=subject, author=by.person, by=by, at=at)
            if draft is not None:
                learnings.publish(
                    draft,
                    values={
                        "title": one.title,
                        "seen": one.seen,
                        "to_monitor": one.to_monitor,
                        "to_adjust": one.to_adjust,
                        "how_to_check": one.how_to_check,
                        "governance": one.governance,
                        "tags": list(one.tags),
                        "verdict": one.verdict,
                    },
                    by=by,
                    at=at,
                )

    # ------------------------------------------------------------------ a meeting

    def _meet(self, meeting: Meeting) -> None:
        """Hold a meeting as planned. The first six items are discussed, and the others are carried over."""
        leader = meeting.facilitator or self.people["sofia"]
        by, at = Actor(leader, "page"), meeting.starts_at
        meetings.start(meeting, by=by, at=at)
        attendance.attend(meeting, present=list(self.people.values())[1:9], by=by, at=at)
        waiting = (
            meeting.items.filter(state=ItemState.WAITING)
            .select_related("about", "meeting")
            .order_by("rank", "id")
        )
        for item in waiting[:6]:
            at += timedelta(minutes=7)
            items.take_up(item, by=by, at=at)
            self._settle(item, by=by, at=at + timedelta(minutes=5))
        meeting.refresh_from_db()
        meetings.close(
            meeting,
            improvement="Bring the chart of the last thirty days.",
            was_worth_it=True,
            by=by,
            at=meeting.ends_at,
        )
        schedule.tick(meeting.ends_at, is_simulated=True)

    def _settle(self, item: AgendaItem, *, by: Actor, at: datetime) -> None:
        """Record the decision of an item the first time. Later it ends without a change."""
        item.refresh_from_db()
        decided = self._decision_on(item)
        if decided is None and item.about and item.about.kind == Risk.KIND:
            one = Risk.objects.get(subject=item.about)
            if one.owner and one.state in LIVE_RISKS:
                risk.reconfirm(one, evidence=texts.CONFIRMED, by=Actor(one.owner, "page"), at=at)
        if decided is None:
            items.finish(item, outcome=ItemOutcome.NO_CHANGE, by=by, at=at)
            return
        if decided.notes:
            items.note(item, notes=decided.notes, by=by, at=at - timedelta(minutes=2))
        self.agreed |= {one.title: one for one in decided.actions}
        decisions.record(
            text=decided.text,
            reason=decided.why,
            item=item,
            settles=Outcome.CONFIRMED if item.about and item.about.kind == Review.KIND else "",
            actions=[
                {
                    "title": one.title,
                    "owner": self.people[one.owner],
                    "type": one.type,
                    "effort": one.effort,
                    "due_on": (at + timedelta(days=one.due_in)).date(),
                }
                for one in decided.actions
            ],
            no_action_reason=decided.no_action,
            options=decided.options,
            dissent=decided.dissent,
            tripwires=self._tripwires(item, decided),
            by=by,
            at=at,
        )

    @staticmethod
    def _tripwires(item: AgendaItem, decided: texts.Decided) -> list[dict[str, Any]]:
        """Return the tripwire of a decision about a review: its metric, above the value of the text."""
        if decided.tripwire is None or item.about is None:
            return []
        about = Review.objects.get(subject=item.about).about
        breach = Breach.objects.filter(group__subject=about, series__isnull=False).first()
        return [{"series": breach.series, "value": decided.tripwire}] if breach else []

    def _decision_on(self, item: AgendaItem) -> texts.Decided | None:
        """Return the decision about an item; None if it was decided before or needs no decision."""
        if item.about is None or item.about.pk in self.settled.values():
            return None
        if item.about.kind == Risk.KIND:
            title = Risk.objects.get(subject=item.about).title
            self.settled[title] = item.about.pk
            return next((one.decided for one in texts.RISKS if one.title == title), None)
        if item.about.kind != Review.KIND:
            return None
        breach = Breach.objects.filter(group__subject=Review.objects.get(subject=item.about).about).first()
        if breach is None or breach.series is None:
            return None
        key = (breach.series.model_name, breach.series.metric)
        self.settled[key] = item.about.pk
        return texts.REVIEWS.get(key)

    def _give_time(self, *, at: datetime) -> None:
        """Record a decision that gives an action another date at once."""
        action = Action.objects.select_related("subject").filter(title=texts.MORE_TIME_FOR).first()
        if action is None or action.due_on is None:
            return
        due_on = action.due_on + timedelta(days=7)
        decisions.record(
            text=texts.MORE_TIME.text,
            reason=texts.MORE_TIME.why,
            about=action.subject,
            effects=[{"kind": EffectKind.CHANGE_ACTION, "target": action.subject, "due_on": due_on}],
            tripwires=[{"due_on": due_on}],
            by=self._by("sofia"),
            at=at,
        )

    def _keep_dashboard(self) -> None:
        """Add a dashboard that compares the drift of two models."""
        drifting = Series.objects.filter(metric="psi").order_by("model_name", "feature", "id")
        ids = list(drifting.values_list("pk", flat=True))
        models = list(drifting.order_by().values_list("model", flat=True).distinct())
        dashboard.add(
            name="Drift of all scores",
            purpose="What the data-quality meeting opens first.",
            panels=[
                {"kind": "figures", "series": ids[:4]},
                {"kind": "series", "title": "Drift, side by side", "series": ids[:4]},
                {"kind": "grid", "title": "Drift by feature and day", "models": models, "metric": "psi"},
                {"kind": "breaches", "models": models},
            ],
            focus="drift",
            by=self._by("ana"),
            at=self.now - timedelta(days=3),
        )

    def _prepare_next(self) -> None:
        """Give an action more time, propose a change of a threshold, and set the next objective."""
        self._give_time(at=self.now - timedelta(hours=5))
        self._keep_dashboard()
        at = self.now - timedelta(hours=3)
        series = Series.objects.get(model_name="fraud-score", metric="latency_p95", feature="")
        mute.add(
            series.thresholds.earliest("id"),
            ends_at=self.now + timedelta(hours=20),
            reason="A load test of the new tills runs until tomorrow.",
            by=self._by("jonas"),
            at=at,
        )
        threshold.propose(
            series,
            warning=180.0,
            critical=320.0,
            clear=165.0,
            reason="Since their update the tills time out after 350 ms, so 400 ms is too late.",
            by=self._by("tunde"),
            at=at,
        )
        upcoming = Meeting.objects.filter(state=MeetingState.PLANNED).order_by("starts_at").first()
        if upcoming is not None:
            objective = "Decide how the churn scorer is used until its data is complete."
            meetings.change(upcoming, {"objective": objective}, by=self._by("sofia"), at=at)

    def _read_inboxes(self) -> None:
        """Mark as read what people were told some days ago, so that their inboxes show what is new."""
        for person in self.people.values():
            old = Entry.objects.filter(user=person, at__lt=self.now - READ_WITHIN)
            entry.read(person, old.values_list("pk", flat=True), at=self.now)
