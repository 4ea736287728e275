"""A few people and one object of each kind, for tests of every address.

There are two of each object: an open one, and one that is restricted to the owning team, with CANARY in its
title.
"""

import io
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from history.models import Subject
from kit.actor import SYSTEM, Actor
from leaders.operations import snapshot
from learnings.operations import feed_address, glossary
from learnings.operations import learning as learnings
from learnings.operations import recognition as recognitions
from learnings.operations import session as sessions
from learnings.operations import sign_up as sign_ups
from meetings.models import Meeting
from meetings.operations import calendar_feed, turn
from meetings.operations import check_in as check_ins
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.operations import swap as swaps
from notices.models import Entry, Message
from notices.operations import endpoint
from people.operations import invitation, organisation, person, roster, service_account, token
from people.states import Role, TokenScope
from riskhub import schedule
from risklog.models import Escalation
from risklog.operations import acceptance, appetite, filled_template, imports, template
from risklog.operations import reviewer as reviewers
from risklog.states import RiskState
from saved import operations as views
from signals.models import Breach, Series, Source, Threshold, ThresholdVersion
from signals.operations import mute as mutes
from signals.operations import source as sources
from signals.operations import threshold as thresholds
from talk.operations import comment as comments
from tests.conftest import AT
from tests.factories import (
    actions,
    catalogue,
    experiments,
    incidents,
    leaders,
    people,
    risklog_review,
    risks,
    signals,
    talk,
)
from tests.factories import learnings as learnings_
from tests.factories import meetings as meetings_

CANARY = "Zanzibar"
ROBOT = "Robotron"  # the name of a service account, which is in no list of people
ROLES = (
    "anonymous",
    "viewer",
    "loner",
    "stranger",
    "mate",
    "owner",
    "facilitator",
    "manager",
    "administrator",
    "deactivated",
    "token_read",
    "token_write",
    "token_ingest",
    "token_service",
)


@dataclass
class Objects:
    """One object of each kind."""

    model: Any
    series: Any
    threshold: Any
    version: Any
    mute: Any
    group: Any
    breach: Any
    risk: Any
    acceptance: Any  # proposed by the owner, of another risk
    review: Any
    escalation: Any
    experiment: Any
    challenge: Any
    linked_run: Any
    action: Any
    learning: Any
    use: Any  # of another learning, which is published
    recognition: Any
    session: Any
    sign_up: Any
    decision: Any
    tripwire: Any
    item: Any
    comment: Any
    file: Any
    view: Any
    right: Any
    change: Any
    trained: Any  # a version of the model
    alias: Any
    validation: Any
    workflow: Any
    deployment: Any
    run: Any
    rollback: Any
    check_in: Any
    incident: Any
    postmortem: Any
    dashboard: Any
    snapshot: Any


@dataclass
class World:
    """people: role -> user.

    tokens: role -> text. open, secret: the objects. extra: objects that exist once.
    """

    people: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    open: Any = None
    secret: Any = None

    def keys(self, objects: Objects) -> dict[str, Any]:
        """Return the value for an address, by the words of its pattern (see test_addresses.key_of)."""
        return {
            "catalogue:slug": objects.model.slug,
            "catalogue:pk": objects.model.pk,
            "signals:series": objects.series.pk,
            "signals:threshold": objects.threshold.pk,
            "signals:version": objects.version.pk,
            "signals:mute": objects.mute.pk,
            "signals:dashboard": objects.dashboard.pk,
            "signals:snapshot": objects.snapshot.pk,
            "signals:breach": objects.group.reference,
            "risklog:risk": objects.risk.reference,
            "risklog:review": objects.review.reference,
            "risklog:escalation": objects.escalation.reference,
            "incidents:incident": objects.incident.reference,
            "actions:action": objects.action.reference,
            "learnings:learning": objects.learning.reference,
            "meetings:decision": objects.decision.reference,
            "meetings:item": objects.item.pk,
            "meetings:tripwire": objects.tripwire.pk,
            **self.extra,
        }


def build() -> World:
    """Create the world with operations only. It takes about two seconds."""
    world = World()
    _found_people(world)
    owner = world.people["owner"]
    series = _meetings(world)
    risklog_review.ladder(("owner", 60, None), ("team_lead", 240, None))
    risks.category()
    world.open = _objects(world, series, word="Open", viewers=None)
    world.secret = _objects(world, series, word=CANARY, viewers=[world.extra["team"].subject_id])
    _once(world, owner)
    schedule.tick(AT + timedelta(minutes=5))
    snapshot.take(AT)
    sent = Message.objects.filter(user=owner, subject__viewers=None).exclude(sent_html="")
    world.extra["message"] = sent.order_by("made_at", "pk")[:1].get()
    world.extra["entry"] = Entry.objects.filter(user=owner).first()
    person.deactivate(world.people["deactivated"], by=Actor(world.people["administrator"], "page"), at=AT)
    return world


def _found_people(world: World) -> None:
    from kit.actor import SYSTEM

    northwind = organisation.found(
        name="Northwind", time_zone="Europe/Berlin", is_sample=True, by=SYSTEM, at=AT
    )
    science = people.function("data-science")
    engineering = people.function("data-engineering")
    owner = people.user("Ana Owner", function=science)
    team, other = people.team("Growth ML", lead=owner), people.team("Fraud")
    made = {
        "viewer": people.user("Vic Viewer", role=Role.VIEWER),
        "loner": people.user("Lou Loner"),
        "stranger": people.user("Sam Stranger", teams=[other], function=science),
        "mate": people.user("Max Mate", teams=[team], function=engineering),
        "owner": owner,
        "facilitator": people.user("Fay Facilitator", function=people.function("risk-management")),
        "manager": people.user("Mia Manager", role=Role.RISK_MANAGER),
        "administrator": people.user("Ada Administrator", role=Role.ADMINISTRATOR),
        "deactivated": people.user("Dan Departed", teams=[team]),
    }
    people.member(team, owner)
    world.people = made
    for scope in (TokenScope.READ, TokenScope.WRITE, TokenScope.INGEST):
        made_token, text = token.issue(owner, name=scope, scope=scope, by=Actor(owner, "page"), at=AT)
        world.tokens[f"token_{scope}"] = text
    robot = service_account.add(
        name=ROBOT, purpose="Loads the register.", role=Role.RISK_MANAGER, responsible=owner, by=SYSTEM, at=AT
    )
    _, world.tokens["token_service"] = token.issue(robot, name="Key", scope="write", by=SYSTEM, at=AT)
    absence = person.be_away(
        owner, from_on=AT.date() + timedelta(days=40), until_on=AT.date() + timedelta(days=41), **_by(owner)
    )
    world.extra |= {
        "organisation": northwind,
        "team": team,
        "experimenters": [people.user("Erin Experimenter", teams=[people.team("Lab")])],
        "token": made_token,
        "robot": robot,
        "absence": absence,
        "function": science,
        "roster": roster.add(
            function=science, people=[owner], starts_on=AT.date(), **_by(made["administrator"])
        ),
        "invitation": invitation.invite(["guest@example.org"], **_by(made["administrator"]))[0],
        "registry": catalogue.registry(owner=made["manager"]),
        "webhook": endpoint.add(
            name="Operations",
            url="https://hooks.example.org/T0",
            owner=made["administrator"],
            verbs=["risklog.risk_opened"],
            **_by(made["administrator"]),
        ),
    }


def _by(user: Any) -> dict[str, Any]:
    return {"by": Actor(user, "page"), "at": AT}


def _templates(risk: Any, author: Any) -> dict[str, Any]:
    """Return a template, and a filled one about the risk."""
    fields = [{"label": "What happened", "type": "text"}]
    made = template.add(name="Report", fields=fields, by=SYSTEM, at=AT)
    values = {"what_happened": "It drifted."}
    filled = filled_template.add(template=made, about=risk.subject, values=values, **_by(author))
    return {"risklog:template": made, "risklog:filled": filled}


def _experiment(world: World, word: str, risk: Any) -> Any:
    """Return an experiment about the risk, which the owner and somebody of another team own."""
    names = ("data_slice", "success_criteria", "decision_rule", "rollback")
    texts = {name: f"{word} {name}" for name in names}
    return experiments.experiment(
        f"{word} experiment",
        hypothesis=f"{word} hypothesis",
        owners=[world.people["owner"], *world.extra["experimenters"]],
        about=risk.subject,
        person=world.people["owner"],
        **texts,
    )


def _a_matrix() -> Any:
    from risklog.models import RiskMatrix
    from risklog.operations import matrix

    names = ["Tiny", "Low", "Medium", "High", "Critical"]
    return matrix.change(RiskMatrix.present(), {"levels": names}, by=SYSTEM, at=AT)


def _an_import(world: World) -> Any:
    """Return an import that was checked, of the manager."""
    sheet = io.BytesIO(b"Risk\nImported risk\n")
    return imports.take(sheet, name="risks.csv", category=risks.category(), **_by(world.people["manager"]))


def _meetings(world: World) -> Any:
    facilitator = world.people["facilitator"]
    series = meetings_.series(world.extra["team"], participants=[facilitator])
    planned = list(
        Meeting.objects.filter(series=series).select_related("series", "subject").order_by("starts_at")
    )
    live, coming = planned[0], planned[1]
    for one in (live, coming):
        one.refresh_from_db()  # the rotation is recalculated after a turn was taken over
        turn.take_over(one, **_by(facilitator))
    live.refresh_from_db()
    meetings.start(live, is_confirmed=True, **_by(facilitator))
    swap = swaps.ask(planned[2], asked=facilitator, **_by(_leads(planned[2], facilitator)))
    world.extra |= {
        "swap": swap,
        "meetings:series": series.pk,
        "meetings:focus": series.focuses.order_by("pk").first().pk,
        "series": series,
        "focus": series.focuses.order_by("pk").first(),
        "meetings:live": live.reference,
        "meetings:meeting": coming.reference,
        "live": live,
        "coming": coming,
    }
    return series


def _leads(meeting: Meeting, but: Any) -> Any:
    """Return the facilitator of a meeting, after anybody else than this person took it over."""
    meeting.refresh_from_db()
    if meeting.facilitator_id == but.pk:
        turn.take_over(meeting, **_by(meeting.series.teams.get().members.exclude(pk=but.pk)[0]))
    return meeting.facilitator


def _objects(world: World, series: Any, *, word: str, viewers: list[int] | None) -> Objects:
    owner, team = world.people["owner"], world.extra["team"]
    slug = f"{word.lower()}-scorer"
    model = catalogue.model(slug, name=f"{word} scorer", owner_team=team, viewers=viewers)
    metric = signals.series(model)
    agreed = signals.agreed(metric)
    signals.push(metric, 0.5)
    breach = Breach.objects.select_related("group__subject").get(series=metric)
    proposed = thresholds.propose(agreed.threshold, warning=0.3, reason=f"{word} reason", **_by(owner))
    mute = mutes.add(agreed.threshold, ends_at=AT + timedelta(days=1), reason=f"{word} mute", **_by(owner))
    about = {"model": model, "team": team, "owner": owner, "person": owner, "viewers": viewers}
    risk = risks.risk(f"{word} risk", description=f"{word} was seen", **about)
    tolerated = risks.risk(f"{word} tolerated risk", state=RiskState.ASSESSING, **about)
    until = risks.ACCEPTED_UNTIL
    accepted = acceptance.propose(tolerated, until=until, reason=f"{word} small", **_by(owner))
    review = risklog_review.review(
        about=breach.group.subject, of_model=model, title=f"{word} review", why=f"{word} why"
    )
    if not review.reviewers.filter(user=owner).exists():
        reviewers.ask(review, owner, **_by(owner))
    escalation = risklog_review.escalation(
        about=risk.subject, team=team, title=f"{word} escalation", why=f"{word} why"
    )
    action = actions.action(f"{word} action", owner=owner, about=risk.subject, details=f"{word} details")
    taught = learnings_.published(f"{word} lesson", author=owner, about=risk.subject)
    use = learnings_.use(taught, user=owner, about=risk.subject, note=f"{word} note")
    learning = learnings.write(
        title=f"{word} learning", seen=f"{word} text", about=risk.subject, author=owner, **_by(owner)
    )
    recognition = recognitions.give(
        title=f"{word} thanks",
        text=f"{word} deed",
        kind="found_early",
        about=risk.subject,
        team=team,
        figures=recognitions.Figures(name=f"{word} jobs", before=9.0, after=1.0, source=f"{word} log"),
        **_by(owner),
    )
    session = sessions.plan(
        title=f"{word} session",
        text=f"{word} topic",
        guest=f"{word} guest",
        place=f"{word} room",
        starts_at=AT + timedelta(days=9),
        time_zone="Europe/Berlin",
        teams=[team] if viewers else None,
        **_by(owner),
    )
    sign_up = sign_ups.sign_up(session, **_by(owner))
    decision = meetings_.decision(
        text=f"{word} decision",
        about=risk.subject,
        options=f"{word} option",
        dissent=f"{word} dissent",
        effects=[{"kind": "change_action", "target": action.subject, "due_on": date(2026, 12, 18)}],
        tripwires=[{"series": metric, "value": 0.9, "note": f"{word} note"}],
        by=owner,
        meeting=None,
    )
    action.refresh_from_db()
    item = items.add(world.extra["coming"], title=f"{word} item", about=risk.subject, **_by(owner))
    comment = comments.add(about=risk.subject, text=f"{word} remark", **_by(owner))
    file = talk.file(risk.subject, f"{word} notes.txt", f"{word} content".encode(), author=owner)
    view = views.add(
        list="risks", name=f"{word} view", query="owner=me", is_shared=viewers is None, **_by(owner)
    )
    right = catalogue.right(model=model, why=f"{word} right", person=owner)
    change = catalogue.change(model, title=f"{word} change", opened_by=owner, is_emergency=True)
    trained = catalogue.version(model, f"{word} 1", trigger=f"{word} trigger", code=f"{word} code")
    alias = catalogue.alias(model, f"{word} alias")
    validation = catalogue.validation(model, validated_by=owner, trigger=f"{word} new labels")
    deployment = catalogue.deployment(model, f"{word} 1", environment=f"{word}-stage", change=change)
    rollback = catalogue.rollback(model, f"{word} steps", owner=owner)
    check_in = check_ins.note(text=f"{word} note", kind="ingestion_delay", model=model, **_by(owner))
    incident = incidents.incident(
        f"{word} incident",
        person=owner,
        about=breach.group.subject,
        summary=f"{word} summary",
        affected=f"{word} customers",
        lines=[f"{word} line"],
        models=[catalogue.model(f"{word.lower()}-further", name=f"{word} further", viewers=viewers)],
    )
    workflow = catalogue.workflow(
        model,
        f"{word} training",
        ingestion=f"{word} lake",
        purpose=f"{word} purpose",
        by=Actor(owner, "page"),
    )
    facts = {"note": f"{word} note", "data_set": f"{word} data"}
    run = catalogue.run(workflow, f"{word} run", state="running", by=Actor(owner, "page"), **facts)
    experiment = _experiment(world, word, risk)
    dashboard = signals.dashboard(f"{word} dashboard", metric, by=owner)
    return Objects(
        model=model,
        series=Series.objects.get(pk=metric.pk),
        threshold=Threshold.objects.get(pk=proposed.threshold_id),
        version=ThresholdVersion.objects.get(pk=proposed.pk),
        mute=mute,
        group=breach.group,
        breach=breach,
        risk=risk,
        acceptance=accepted,
        review=review,
        escalation=Escalation.objects.get(pk=escalation.pk),
        experiment=experiment,
        challenge=experiments.challenge(experiment, f"{word} doubt", author=world.people["mate"]),
        linked_run=experiments.linked(experiment, run),
        action=action,
        learning=learning,
        use=use,
        recognition=recognition,
        session=session,
        sign_up=sign_up,
        decision=decision,
        tripwire=decision.tripwires.get(),
        item=item,
        comment=comment,
        file=file,
        view=view,
        right=right,
        change=change,
        trained=trained,
        alias=alias,
        validation=validation,
        workflow=workflow,
        deployment=deployment,
        run=run,
        rollback=rollback,
        check_in=check_in,
        incident=incident,
        postmortem=incidents.written(
            incidents.incident(f"{word} outage", person=owner, model=model, state="resolved")
        ),
        dashboard=dashboard,
        snapshot=signals.snapshot(dashboard, f"{word} picture", by=owner),
    )


def _once(world: World, owner: Any) -> None:
    from risklog.models import Category, Ladder

    world.extra |= {
        "duty": incidents.duty(),
        "risklog:category": Category.objects.order_by("pk").first(),
        "risklog:import": _an_import(world),
        **_templates(world.open.risk, owner),
        "risklog:matrix": _a_matrix(),
        "word": glossary.add(word="Pudding", definition="A dessert.", by=SYSTEM, at=AT),
        "risklog:appetite": appetite.add(max_score=25, why="Agreed by the board.", by=SYSTEM, at=AT),
        "risklog:ladder": Ladder.objects.order_by("pk").first(),
        "source": (source := Source.objects.order_by("pk").earliest("pk")),
        "delivery": sources.note_delivery(source, at=AT, status=422, problem="not a list", body=b"{}"),
        "agenda_template": meetings_.agenda_template(),
        "goal": leaders.goal(owner=owner, start=10),
        "calendar_feed": calendar_feed.add(owner, **_by(owner))[0],
        "feed_address": feed_address.add(owner, **_by(owner))[0],
        "other_team": Subject.objects.filter(kind="team").last(),
    }
