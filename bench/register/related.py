"""The objects related to risks: actions, reviews, escalations, agenda items, decisions, learnings, inbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from actions.models import Action
from actions.states import ActionState
from bench.register.rows import Cast, fill, reader
from history import operations as history
from history.models import Event
from kit.actor import SYSTEM
from learnings.models import Learning
from learnings.states import LearningState
from meetings.models import AgendaItem, Decision, Meeting, MeetingSeries
from meetings.operations import series as meeting_series
from notices.models import Entry
from people.models import Function
from risklog.models import Escalation, LadderVersion, Review, Reviewer, Risk
from signals.models import Breach, BreachGroup, Threshold
from signals.states import BreachLevel, SignalKind


def add_related(count: int, cast: Cast, at: datetime) -> None:
    subjects = list(Risk.objects.order_by("id").values_list("subject_id", flat=True)[:count])
    _actions(count, subjects, cast, at)
    _reviews(count, cast, at)
    _escalations(count, subjects, at)
    _meetings(count, subjects, cast, at)
    _learnings(count, subjects, cast, at)
    _inbox(count, at)


def _actions(count: int, subjects: Sequence[int], cast: Cast, at: datetime) -> None:
    def action(number: int) -> Action:
        owner = reader() if number % 10 == 0 else cast.people[number % len(cast.people)]
        return Action(
            title=f"Do thing {number}",
            owner=owner,
            state=ActionState.OPEN,
            due_on=(at + timedelta(days=number % 40 - 5)).date(),
            about_id=subjects[number % len(subjects)],
            made_at=at,
        )

    fill(Action.objects.all(), count, action, "actions.action_opened", at)


def _reviews(count: int, cast: Cast, at: datetime) -> None:
    def group(number: int) -> BreachGroup:
        model = cast.models[number % len(cast.models)]
        names = {
            "model": model,
            "model_name": model.slug,
            "kind": SignalKind.DRIFT,
            "level": BreachLevel.WARNING,
        }
        return BreachGroup(cause_key=f"bench-{number}", title=f"Drift {number}", opened_at=at, **names)

    groups = fill(BreachGroup.objects.all(), count, group, "signals.breach_group_opened", at)
    threshold = Threshold.objects.order_by("id").first()
    breaches = [
        Breach(group=one, threshold=threshold, level=one.level, opened_at=at, is_external=True)
        for one in groups
    ]
    history.record_many(breaches, "signals.breach_joined", by=SYSTEM, at=at)
    reviews = [
        Review(
            about=one.subject,
            title=one.title,
            model=one.model,
            kind=one.kind,
            opened_at=at,
            due_at=at + timedelta(days=2),
        )
        for one in groups
    ]
    history.record_many(reviews, "risklog.review_opened", by=SYSTEM, at=at)
    asked = [
        Reviewer(review=one, user=user, function=user.function, asked_at=at)
        for number, one in enumerate(reviews)
        for user in {reader(), cast.people[number % len(cast.people)]}
    ]
    history.record_many(asked, "risklog.review_asked", by=SYSTEM, at=at)


def _escalations(count: int, subjects: Sequence[int], at: datetime) -> None:
    version = LadderVersion.objects.order_by("id").first()
    known = set(Escalation.objects.values_list("about_id", flat=True))
    fresh = [
        Escalation(
            about_id=about,
            title="It drifts",
            why="Nobody answered.",
            ladder_version=version,
            rung=1,
            started_at=at,
            next_climb_at=at + timedelta(days=30),
        )
        for about in subjects[:count]
        if about not in known
    ]
    history.record_many(fresh, "risklog.escalation_started", by=SYSTEM, at=at)


def _meetings(count: int, subjects: Sequence[int], cast: Cast, at: datetime) -> None:
    if not MeetingSeries.objects.exists():
        meeting_series.add(
            name="Forum",
            first_on=at.date() + timedelta(days=1),
            starts_at=time(10),
            time_zone="Europe/Berlin",
            teams=cast.teams,
            functions=list(Function.objects.order_by("id")[:4]),
            by=SYSTEM,
            at=at,
        )
    meeting = Meeting.objects.select_related("subject", "series").order_by("starts_at").first()

    def item(number: int) -> AgendaItem:
        title = f"Review {number}"
        return AgendaItem(meeting=meeting, about_id=subjects[number], title=title, rank=number + 1)

    def decision(number: int) -> Decision:
        return Decision(
            text=f"Decided {number}",
            reason="The evidence says so.",
            about_id=subjects[number],
            no_action_reason="Nothing to do.",
            recorded_by=cast.people[number % len(cast.people)],
            decided_at=at - timedelta(minutes=number),
        )

    fill(AgendaItem.objects.filter(meeting=meeting), min(count, 50), item, "meetings.item_added", at)
    fill(Decision.objects.all(), count, decision, "meetings.decision_taken", at)


def _learnings(count: int, subjects: Sequence[int], cast: Cast, at: datetime) -> None:
    def learning(number: int) -> Learning:
        return Learning(
            title=f"What {number} taught",
            seen="It drifted.\n\nThen it did not.",
            about_id=subjects[number],
            author=cast.people[number % len(cast.people)],
            state=LearningState.PUBLISHED,
            made_at=at,
            published_at=at - timedelta(minutes=number),
        )

    fill(Learning.objects.all(), count, learning, "learnings.learning_published", at)


def _inbox(count: int, at: datetime) -> None:
    have, user = Entry.objects.count(), reader()
    opened = Event.objects.filter(verb="risklog.risk_opened").order_by("id").values_list("pk", "subject_id")
    fresh = [
        Entry(user=user, event_id=pk, topic_id=subject, why="You follow it", at=at)
        for pk, subject in opened[have:count]
    ]
    Entry.objects.bulk_create(fresh)
