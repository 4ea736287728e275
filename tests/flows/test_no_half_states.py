"""A crash at any SQL statement of an operation leaves no partial state (test standard, row 3)."""

from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection, transaction

from actions.models import Action
from actions.operations import action
from catalogue.models import Model
from catalogue.operations import model
from history.models import Event
from incidents.models import Incident, Postmortem
from incidents.operations import incident, postmortem, role, timeline, update
from kit.actor import Actor
from leaders.operations import goal
from learnings.models import Learning, LearningSession
from learnings.operations import learning, recognition, session, sign_up, use
from meetings.models import Meeting
from meetings.operations import decision, item
from meetings.operations import meeting as meetings
from people.models import Team, User
from people.operations import person, team, token
from risklog.models import Category, Escalation, Experiment, Review, Risk
from risklog.operations import acceptance, challenge, escalation, experiment, review, reviewer, risk
from risklog.states import ExperimentState
from signals.mapping import points as readings
from signals.models import Series, Source, ThresholdVersion
from signals.operations import points, threshold
from tests.conftest import AT
from tests.factories import experiments, incidents, learnings, sessions

HOUR = timedelta(hours=1)


class Crash(BaseException):
    """It is no Exception, so that no operation can catch it, as with a power cut."""


@contextmanager
def crash_at(statement: int):
    """Run `statement - 1` statements, then crash. Yields the number of statements."""
    seen = [0]

    def execute(run, sql, params, many, context):
        if not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen[0] += 1
            if seen[0] == statement:
                raise Crash
        return run(sql, params, many, context)

    with connection.execute_wrapper(execute):
        yield seen


def fingerprint() -> str:
    """Return one digest over all rows of all tables."""
    tables = sorted(
        m._meta.db_table
        for m in apps.get_models(include_auto_created=True)
        if m._meta.db_table != "django_session"
    )
    # An array, because a function has at most 100 arguments.
    parts = ", ".join(
        f"(SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {name} t)"
        for name in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT md5(array_to_string(ARRAY[{parts}], ''))")
        return cursor.fetchone()[0]


def the_meeting() -> Meeting:
    return Meeting.objects.get(state="live")


def an_item():
    return the_meeting().items.filter(state__in=["waiting", "current"]).order_by("-about__kind", "id").first()


def a_climb() -> Escalation:
    return Escalation.objects.filter(state__in=["climbing", "acknowledged"]).order_by("-id").first()


def prepared(by: Actor) -> None:
    """A live meeting, an open review, a running escalation, a proposed threshold."""
    planned = Meeting.objects.filter(state="planned").order_by("starts_at").first()
    meetings.start(planned, is_confirmed=True, by=by, at=AT)
    about = action.add(title="Left", due_on=AT.date(), by=by, at=AT)
    action.add(title="Another", by=by, at=AT)
    escalation.start(about=about.subject, title="Late", why="Late", severity="critical", by=by, at=AT)
    threshold.propose(Series.objects.first(), warning=5.0, reason="x", by=by, at=AT)
    incidents.written()
    incidents.incident("Scores stopped", person=by.person)
    experiments.experiment("Starts later")
    experiments.experiment("Runs", state=ExperimentState.RUNNING)
    experiments.experiment("Done", state=ExperimentState.FINISHED)
    learnings.published("Alert on jobs that do not finish")
    sessions.session("How drift looks")


def acts(by: Actor) -> dict[str, Callable[[], object]]:
    """The operations of the flow. Each loads its rows itself, so that it can be repeated."""
    ana = User.objects.get(email="ana@example.org")
    body = {"points": [
        {
            "model": "credit-pd",
            "metric": "psi",
            "feature": "utilisation_90d",
            "ts": f"2026-11-23T07:0{n}:00Z",
            "value": 9 - n,
        }
        for n in range(5)
    ] + [{"model": "new", "metric": "psi", "ts": "2026-11-23T07:00:00Z", "value": 1}]}  # fmt: skip

    def open_review():
        about = Model.objects.select_related("subject").get(slug="mail-digit-ocr")
        review.open_for(
            about=about.subject,
            title="Look",
            kind="drift",
            model=about,
            severity="critical",
            why="Asked",
            by=by,
            at=AT,
        )

    def answer():
        asked = Review.objects.filter(state="open").first()
        reviewer.answer(
            asked, verdict="confirmed", note="x", by=Actor(asked.reviewers.first().user, "page"), at=AT
        )

    def decide():
        here = an_item()
        decision.record(
            text="Cap it",
            reason="Seen",
            item=here,
            by=by,
            at=AT + HOUR,
            settles="confirmed" if here.about and here.about.kind == "review" else "",
            actions=[
                {"title": "One", "owner": User.objects.get(pk=ana.pk), "due_on": AT.date()},
                {"title": "Two"},
            ],
        )

    return {
        "risk.add": lambda: risk.add(
            title="T",
            category=Category.objects.first(),
            likelihood=2,
            impact=2,
            model=Model.objects.first(),
            by=by,
            at=AT,
        ),
        "risk.assess": lambda: risk.assess(Risk.objects.filter(state="open").first(), by=by, at=AT),
        "action.add": lambda: action.add(title="T", owner=ana, due_on=AT.date(), by=by, at=AT),
        "action.finish": lambda: action.finish(Action.objects.filter(state="open").first(), by=by, at=AT),
        "item.take_up": lambda: item.take_up(an_item(), by=by, at=AT),
        "decision.record": decide,
        "meeting.close": lambda: meetings.close(the_meeting(), by=by, at=AT + HOUR),
        "points.store": lambda: points.store(
            readings.read(body, at=AT), source=Source.objects.first(), by=by, at=AT
        ),
        "threshold.agree": lambda: threshold.agree(
            ThresholdVersion.objects.filter(state="proposed").first(), by=by, at=AT
        ),
        "review.open_for": open_review,
        "reviewer.answer": answer,
        "escalation.acknowledge": lambda: escalation.acknowledge(a_climb(), by=by, at=AT + HOUR),
        "escalation.resolve": lambda: escalation.resolve(a_climb(), reason="Done", by=by, at=AT + HOUR),
        "learning.write": lambda: learning.write(title="T", seen="x", by=by, at=AT),
        "model.add": lambda: model.add(name="Another", owner_team=Team.objects.first(), by=by, at=AT),
        "person.add": lambda: person.add(name="N", email="n@example.org", by=by, at=AT),
        "team.add": lambda: team.add(name="Another team", lead=ana, by=by, at=AT),
        "token.issue": lambda: token.issue(ana, name="x", by=by, at=AT),
    }


def acts_of_the_loop(by: Actor) -> dict[str, Callable[[], object]]:
    """The operations by which an incident or an experiment becomes a learning."""
    now = {"by": by, "at": AT + HOUR}

    def ana() -> User:
        return User.objects.get(email="ana@example.org")

    def an_incident() -> Incident:
        return Incident.objects.get(subject__title="Scores stopped")

    def a_review() -> Postmortem:
        return Postmortem.objects.select_related("incident__subject", "subject").latest("pk")

    def an_experiment(title: str) -> Experiment:
        return Experiment.objects.get(subject__title=title)

    def a_learning() -> Learning:
        return Learning.objects.get(subject__title="Alert on jobs that do not finish")

    def a_session() -> LearningSession:
        return LearningSession.objects.get(subject__title="How drift looks")

    def a_risk() -> Risk:
        return Risk.objects.filter(state="open", owner__isnull=False).first()

    return {
        "incident.declare": lambda: incident.declare(
            title="Late", severity="critical", model=Model.objects.first(), **now
        ),
        "role.assign": lambda: role.assign(an_incident(), role="scribe", person=ana(), **now),
        "timeline.add": lambda: timeline.add(an_incident(), text="Paged.", **now),
        "update.send": lambda: update.send(an_incident(), text="We roll back.", **now),
        "incident.resolve": lambda: incident.resolve(an_incident(), **now),
        "postmortem.change": lambda: postmortem.change(a_review(), {"lessons": "Watch jobs."}, **now),
        "postmortem.answer_risk": lambda: postmortem.answer_risk(
            a_review(), answer="linked", risk=a_risk(), **now
        ),
        "postmortem.add_action": lambda: postmortem.add_action(a_review(), title="Add an alert", **now),
        "experiment.start": lambda: experiment.start(an_experiment("Starts later"), **now),
        "experiment.finish": lambda: experiment.finish(
            an_experiment("Runs"), outcome="rejected", sample_size=900, interpretation="No gain.", **now
        ),
        "challenge.add": lambda: challenge.add(
            an_experiment("Done"), kind="challenge", text="The slice is small.", **now
        ),
        "acceptance.propose": lambda: acceptance.propose(
            Risk.objects.filter(state="assessing").first(),
            until=AT.date() + timedelta(days=30),
            reason="Small",
            **now,
        ),
        "learning.use": lambda: use.add(a_learning(), note="Worked", **now),
        "session.plan": lambda: session.plan(
            title="Label noise", starts_at=AT + timedelta(days=9), time_zone="Europe/Berlin", **now
        ),
        "sign_up.sign_up": lambda: sign_up.sign_up(a_session(), **now),
        "recognition.give": lambda: recognition.give(
            title="Found early", text="x", kind="found_early", about=a_risk().subject, people=[ana()], **now
        ),
        "goal.add": lambda: goal.add(
            title="Fewer late actions", target=3, start=9, due_on=AT.date() + timedelta(days=40), **now
        ),
    }


def test_a_crash_at_any_statement_leaves_nothing_behind(six_weeks):
    by = Actor(User.objects.get(email="sofia@example.org"), "page")
    prepared(by)
    before = fingerprint()
    for name, act in {**acts(by), **acts_of_the_loop(by)}.items():
        for statement in range(1, _statements_of(act) + 1):
            with pytest.raises(Crash), crash_at(statement):
                act()  # only in its own transaction, so that partial results would stay
        # Once for all its statements, because the digest of all rows costs more than the act.
        assert fingerprint() == before, f"{name} left something behind"


def _statements_of(act: Callable[[], object]) -> int:
    """Return the number of statements of the act, and check that it writes an event without a crash."""

    class Undo(Exception):
        pass

    events = Event.objects.count()
    with crash_at(-1) as seen, pytest.raises(Undo), transaction.atomic():
        act()
        count = seen[0]
        assert Event.objects.count() > events
        raise Undo
    return count
