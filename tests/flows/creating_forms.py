"""The forms that create something, and a register in which each of them can be sent."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.test import Client
from django.urls import reverse

from actions.models import Action
from catalogue.models import (
    Alias,
    ChangeRequest,
    DecisionRight,
    Deployment,
    Model,
    Registry,
    RollbackProcedure,
    Run,
    Validation,
    Version,
    Workflow,
)
from history.models import Event
from incidents.models import Incident, InvolvedModel, ReportingDuty, TimelineEntry, Update
from kit.actor import SYSTEM
from leaders.models import Allotment, Goal
from learnings.models import FeedAddress, GlossaryWord, Learning, LearningSession, LearningUse, Recognition
from learnings.operations import feed_address
from meetings.models import (
    AgendaItem,
    AgendaTemplate,
    Attendance,
    CalendarFeed,
    CheckIn,
    Contest,
    Decision,
    Focus,
    Meeting,
    MeetingSeries,
    MinutesCorrection,
    Swap,
    Tripwire,
)
from meetings.operations import calendar_feed
from meetings.operations import item as items
from notices.models import WebhookEndpoint
from people.models import (
    Absence,
    DutyRoster,
    Function,
    Invitation,
    Membership,
    ServiceAccount,
    Team,
    Token,
    User,
)
from people.operations import organisation, service_account
from people.states import Role
from risklog.models import (
    Appetite,
    Category,
    Challenge,
    Escalation,
    Experiment,
    FilledTemplate,
    Import,
    Ladder,
    Review,
    Reviewer,
    Risk,
    Template,
)
from risklog.operations import template as templates
from saved.models import SavedView
from signals.models import Dashboard, Mute, Snapshot, Source, ThresholdVersion
from signals.operations import threshold as thresholds
from talk.models import Comment, File
from tests.conftest import AT
from tests.factories import (
    catalogue,
    experiments,
    incidents,
    learnings,
    people,
    risklog_review,
    risks,
    signals,
    talk,
)
from tests.factories import meetings as meetings_


@dataclass(frozen=True)
class Case:
    """A form. page: its address. action: where it posts, "" for the page itself. fill: the input.

    makes: the model whose rows are counted. holds: a field that distinguishes it from forms of the same
    action.
    """

    name: str
    page: Callable[[Any], str]
    makes: Any
    fill: Callable[[Any], dict[str, Any]] = lambda house: {}
    action: Callable[[Any], str] = lambda house: ""
    holds: str = ""
    is_refused_first: bool = False


@dataclass
class House:
    user: Any
    client: Any
    model: Any = None
    series: Any = None
    group: Any = None
    risk: Any = None
    learning: Any = None
    other: Any = None
    review: Any = None
    meetings: Any = None
    live: Any = None
    over: Any = None
    item: Any = None
    team: Any = None
    mate: Any = None
    version: Any = None
    decision: Any = None
    feed: Any = None
    proposal: Any = None
    template: Any = None
    account: Any = None
    dashboard: Any = None
    workflow: Any = None
    experiment: Any = None
    incident: Any = None
    resolved: Any = None

    @property
    def turn(self) -> Meeting:
        """The next planned meeting that the user facilitates."""
        rows = Meeting.objects.filter(series=self.meetings, state="planned", facilitator=self.user)
        return rows.select_related("subject", "series").earliest("starts_at")


def build() -> House:
    organisation.found(name="Northwind", is_sample=True, by=SYSTEM, at=AT)
    ana = people.user("Ana Moreau", role=Role.ADMINISTRATOR, function=people.function("data-science"))
    mate = people.user("Max Mate", function=people.function("data-engineering"))
    team = people.team("Growth ML", lead=ana)
    for person in (ana, mate):
        people.member(team, person)
    client = Client()
    client.force_login(ana)
    house = House(user=ana, client=client, team=team, mate=mate)
    house.model = catalogue.model("fraud-score", owner_team=team)
    house.group = signals.breach_group(house.model)
    house.version = ThresholdVersion.objects.get()
    house.series = signals.series(house.model, "auc", feature="")
    house.dashboard = signals.dashboard("Scores", house.series, by=house.user)
    house.workflow = catalogue.workflow(house.model, "Evaluation")
    signals.series("unclaimed-scorer")
    house.risk = risks.risk(person=ana, team=team)
    house.other = risks.risk("Labels lag", person=ana, team=team)
    house.review = risklog_review.review(about=house.group.subject, of_model=house.model)
    house.meetings = meetings_.series(team)
    house.live = meetings_.live(house.meetings)
    house.item = meetings_.item(house.live, about=house.risk.subject)
    items.take_up(house.item, by=SYSTEM, at=AT)
    house.decision = meetings_.decision(about=house.risk.subject)
    house.learning = learnings.published(about=house.other.subject)
    house.over = meetings_.closed(meetings_.series(team))
    house.feed, _ = calendar_feed.add(ana, series=house.meetings, by=SYSTEM, at=AT)
    house.proposal = _proposal(house)
    house.incident = incidents.incident(person=ana)
    house.resolved = incidents.incident(person=ana, state="resolved")
    fields = [{"label": "What happened", "type": "text"}]
    house.account = service_account.add(
        name="Nightly import", purpose="Brings the points.", responsible=ana, by=SYSTEM, at=AT
    )
    house.experiment = experiments.experiment()
    house.template = templates.add(name="Report", fields=fields, by=SYSTEM, at=AT)
    return house


def _proposal(house: House) -> AgendaItem:
    """Put a proposed threshold version on a published agenda."""
    series = signals.series(house.model, "psi", feature="income")
    version = thresholds.propose(series, warning=0.3, reason="Less noise", by=SYSTEM, at=AT)
    meeting = meetings_.planned(house.meetings, 1)
    Meeting.objects.filter(pk=meeting.pk).update(published_at=AT)
    return meetings_.item(meeting, about=version.threshold.subject, why="Waits for agreement")


def at(name: str, *args: str, query: str = "") -> Callable[[House], str]:
    """Return the address of a page. args: paths from `house`, such as "risk.reference"."""

    def address(house: House) -> str:
        found = []
        for path in args:
            value: Any = house
            for part in path.split("."):
                value = getattr(value, part)
            found.append(value)
        return reverse(name, args=found) + (f"?{query}" if query else "")

    return address


def typed(**values: Any) -> Callable[[House], dict[str, Any]]:
    return lambda house: values


def _feed_address(house: House) -> FeedAddress:
    """Return the address of the learnings feed of the user. It is created if no case created it before."""
    live = FeedAddress.objects.filter(user=house.user, ended_at__isnull=True).first()
    return live or feed_address.add(house.user, by=SYSTEM, at=AT)[0]


def _page_with_feed_address(house: House) -> str:
    _feed_address(house)
    return reverse("learnings:address")


def _rungs(house: House) -> dict[str, Any]:
    return {
        "name": "For the nights",
        "severity": "critical",
        "rung-0-who": "team_lead",
        "rung-0-amount": "4",
    }


CASES = (
    Case("model", at("catalogue:model_create"), Model, typed(name="Churn scorer")),
    Case(
        "model seen in signals",
        at("catalogue:model_list"),
        Model,
        action=at("catalogue:model_create"),
        holds="name",
    ),
    Case(
        "version", at("catalogue:version_create", "model.slug"), Version, typed(name="7", stage="candidate")
    ),
    Case(
        "validation",
        at("catalogue:validation_create", "model.slug"),
        Validation,
        lambda house: {"validated_by": house.mate.pk},
    ),
    Case(
        "alias",
        at("catalogue:alias_create"),
        Alias,
        lambda house: {"name": "Kredit", "model": house.model.pk},
    ),
    Case(
        "deployment",
        at("catalogue:deployment_create", "model.slug"),
        Deployment,
        typed(version="7", environment="production"),
    ),
    Case(
        "workflow",
        at("catalogue:workflow_create"),
        Workflow,
        lambda house: {
            "model": house.model.pk,
            "name": "Training",
            "configuration": "{}",
            "reproduce_days": 90,
            "tolerance": 1,
        },
    ),
    Case(
        "run",
        at("catalogue:run_create", "workflow.pk"),
        Run,
        typed(state="succeeded", metrics="auc: 0.79"),
    ),
    Case(
        "rollback procedure",
        at("catalogue:rollback_create", "model.slug"),
        RollbackProcedure,
        typed(steps="Deploy the former version."),
    ),
    Case(
        "decision right",
        at("catalogue:right_create"),
        DecisionRight,
        typed(who="team_lead", why="The team decides."),
    ),
    Case(
        "change request",
        at("catalogue:change_create"),
        ChangeRequest,
        lambda house: {
            "title": "Retrain on this quarter",
            "kind": "model_change",
            "model": house.model.pk,
        },
    ),
    Case("source", at("signals:source_create"), Source, typed(name="Grafana", slug="grafana")),
    Case(
        "dashboard",
        at("signals:dashboard_create"),
        Dashboard,
        lambda house: {"name": "Scores", "kind-0": "series", "series-0": house.series.pk, "place-0": 1},
    ),
    Case(
        "snapshot",
        at("signals:dashboard_of_model", "model.slug"),
        Snapshot,
        typed(name="This week"),
        at("signals:snapshot_of_model", "model.slug"),
    ),
    Case(
        "snapshot of a series",
        at("signals:series_detail", "series.pk"),
        Snapshot,
        typed(name="This week"),
        at("signals:snapshot_of_series", "series.pk"),
    ),
    Case(
        "snapshot of a dashboard",
        lambda house: f"/signals/dashboards/{house.dashboard.pk}/",
        Snapshot,
        typed(name="This week"),
        at("signals:snapshot_create", "dashboard.pk"),
    ),
    Case(
        "snapshot of a team",
        at("signals:dashboard_of_team", "team.slug"),
        Snapshot,
        typed(name="This week"),
        at("signals:snapshot_of_team", "team.slug"),
    ),
    Case(
        "snapshot of a focus",
        lambda house: reverse("signals:dashboard_of_focus", args=["drift"]),
        Snapshot,
        typed(name="This week"),
        lambda house: reverse("signals:snapshot_of_focus", args=["drift"]),
    ),
    Case(
        "first threshold",
        at("signals:threshold_create", "series.pk"),
        ThresholdVersion,
        typed(warning="0.4", reason="As usual."),
    ),
    Case(
        "next threshold",
        at("signals:threshold_propose", "version.threshold_id"),
        ThresholdVersion,
        typed(warning="0.4", reason="Too loud."),
    ),
    Case(
        "mute",
        at("signals:threshold_detail", "version.threshold_id"),
        Mute,
        typed(**{"mute-ends_at": "2026-12-20T09:00", "mute-reason": "The data is rebuilt."}),
        at("signals:mute_create", "version.threshold_id"),
    ),
    Case("category", at("risklog:category_new"), Category, typed(name="Prompt leaks", definition="Words.")),
    Case(
        "risk",
        at("risklog:risk_new"),
        Risk,
        lambda house: {
            "title": "Labels arrive late",
            "category": house.risk.category_id,
            "description": "Two weeks.",
            "likelihood": 3,
            "impact": 3,
        },
    ),
    Case(
        "risk of a breach",
        at("signals:breach_detail", "group.reference"),
        Risk,
        action=at("risklog:risk_from_breach", "group.reference"),
    ),
    Case(
        "review",
        at("risklog:review_open"),
        Review,
        lambda house: {"about": house.risk.reference, "why": "It drifts."},
    ),
    Case(
        "escalation",
        at("risklog:escalation_raise"),
        Escalation,
        lambda house: {"about": house.risk.reference, "why": "It cannot wait."},
    ),
    Case("ladder", at("risklog:ladder_create"), Ladder, _rungs),
    Case(
        "template",
        at("risklog:template_new"),
        Template,
        typed(**{"name": "Audit", "label-0": "Finding", "type-0": "text"}),
    ),
    Case(
        "appetite",
        at("risklog:appetite_new"),
        Appetite,
        typed(max_score="12", plan_days="14", why="Agreed by the board.", counted="0-0-12"),
    ),
    Case(
        "series",
        at("meetings:series_create"),
        MeetingSeries,
        lambda house: {
            "name": "Model risk forum",
            "starts_at": "10:00",
            "rrule": "FREQ=WEEKLY",
            "teams": [house.team.pk],
        },
    ),
    Case(
        "focus",
        at("meetings:focus_create", "meetings.pk"),
        Focus,
        typed(name="Costs", kinds=["latency"]),
    ),
    Case(
        "check-in",
        at("meetings:check_in_list"),
        CheckIn,
        typed(text="Counts are low"),
        at("meetings:check_in_create"),
    ),
    Case(
        "agenda template",
        at("meetings:agenda_template_create"),
        AgendaTemplate,
        typed(name="Quarterly", items="Outlook | 10 | discuss"),
    ),
    Case(
        "added meeting",
        at("meetings:series_extra", "meetings.pk"),
        Meeting,
        typed(starts_at="2027-09-01T10:00"),
    ),
    Case("feed address", at("learnings:address"), FeedAddress, action=at("learnings:address_create")),
    Case("calendar address", at("meetings:calendar"), CalendarFeed, action=at("meetings:calendar_create")),
    Case(
        "agenda item",
        at("meetings:meeting_detail", "live.reference"),
        AgendaItem,
        typed(title="A word on costs"),
        at("meetings:item_add", "live.reference"),
    ),
    Case(
        "item placed",
        at("risklog:risk_detail", "other.reference"),
        AgendaItem,
        action=at("meetings:item_place"),
    ),
    Case(
        "decision outside a meeting",
        at("meetings:decision_create"),
        Decision,
        typed(text="We keep it.", reason="It holds.", no_action_reason="Nothing to do."),
    ),
    Case(
        "tripwire",
        at("meetings:decision_tripwire", "decision.reference"),
        Tripwire,
        typed(due_on="2027-03-01"),
    ),
    Case(
        "action in a meeting",
        at("meetings:meeting_live", "live.reference"),
        Action,
        typed(title="Ask the vendor"),
        at("meetings:item_act", "item.pk"),
    ),
    Case(
        "decision in a meeting",
        at("meetings:meeting_live", "live.reference"),
        Decision,
        typed(text="We cap it.", reason="It drifts.", no_action_reason="It is done."),
        at("meetings:item_decide", "item.pk"),
    ),
    Case(
        "incident",
        at("incidents:incident_create"),
        Incident,
        typed(title="Scores are too low", severity="high"),
    ),
    Case(
        "line of a timeline",
        at("incidents:incident_detail", "incident.reference"),
        TimelineEntry,
        typed(text="The job hung."),
        at("incidents:timeline_add", "incident.reference"),
    ),
    Case(
        "update of an incident",
        at("incidents:incident_detail", "incident.reference"),
        Update,
        typed(text="We roll back."),
        at("incidents:update_send", "incident.reference"),
    ),
    Case(
        "further model of an incident",
        at("incidents:model_add", "incident.reference"),
        InvolvedModel,
        lambda house: {"model": house.model.pk},
    ),
    Case(
        "improvement",
        at("incidents:postmortem_detail", "resolved.reference"),
        Action,
        typed(title="Alert on it"),
        at("incidents:postmortem_act", "resolved.reference"),
    ),
    Case(
        "reporting duty",
        at("incidents:duty_create"),
        ReportingDuty,
        typed(name="Report it", severity="high", days=3),
    ),
    Case("action", at("actions:action_create"), Action, typed(title="Write it up")),
    Case(
        "glossary word",
        at("learnings:glossary_create"),
        GlossaryWord,
        typed(word="Pudding", definition="Sweet."),
    ),
    Case(
        "session",
        at("learnings:session_create"),
        LearningSession,
        typed(title="Reading a chart", starts_at="2027-09-01T12:00", minutes="45", time_zone="Europe/Berlin"),
    ),
    Case(
        "recognition",
        lambda house: reverse("learnings:recognition_create") + f"?about={house.risk.reference}",
        Recognition,
        lambda house: {
            "title": "Found in time",
            "kind": "found_early",
            "about": house.risk.reference,
            "team": house.team.pk,
        },
    ),
    Case("learning", at("learnings:learning_create"), Learning, typed(title="Caps hold", seen="We saw it.")),
    Case("allotted hours", at("leaders:allotment_create"), Allotment, typed(hours="20")),
    Case(
        "goal",
        at("leaders:goal_create"),
        Goal,
        typed(title="Fewer late actions", target="3", due_on="2027-03-31"),
    ),
    Case(
        "learning about a risk",
        lambda house: reverse("learnings:learning_create") + f"?about={house.risk.reference}",
        Learning,
        typed(title="Late labels", seen="We saw it."),
    ),
    Case(
        "use of a learning",
        at("learnings:use_create", "learning.reference"),
        LearningUse,
        typed(note="We checked the caps first."),
    ),
    Case(
        "person", at("people:person_create"), User, typed(name="Nadia Novak", email="nadia@northwind.example")
    ),
    Case("team", at("people:team_create"), Team, typed(name="Fraud")),
    Case(
        "team member",
        at("people:team_detail", "team.slug"),
        Membership,
        lambda house: {"user": people.user("Nora New").pk},
        at("people:team_join", "team.slug"),
    ),
    Case(
        "day off",
        at("people:settings"),
        Event.objects.filter(verb="people.organisation_changed"),
        typed(date="2027-05-03", name="Bridge day"),
        at("people:day_off_add"),
    ),
    Case(
        "comment",
        at("risklog:risk_detail", "risk.reference"),
        Comment,
        typed(text="The vendor answered."),
        at("talk:comment_create"),
    ),
    Case(
        "line in a meeting",
        at("meetings:meeting_live", "live.reference"),
        Action,
        typed(line="Ask for the contract", record_as="action"),
        at("meetings:item_record", "item.pk"),
    ),
    Case(
        "days away",
        at("people:account"),
        Absence,
        typed(from_on="2027-01-04", until_on="2027-01-08"),
        at("people:be_away"),
    ),
    Case("token", at("people:account"), Token, typed(name="laptop", scope="read"), at("people:make_token")),
    Case(
        "service account",
        at("people:service_account_create"),
        ServiceAccount,
        lambda house: {
            "name": "Weekly export",
            "purpose": "Writes the report.",
            "role": "viewer",
            "responsible": house.user.pk,
        },
    ),
    Case(
        "token of a service account",
        at("people:service_account_detail", "account.pk"),
        Token,
        typed(name="server", scope="read"),
        at("people:service_account_token", "account.pk"),
    ),
    Case(
        "function",
        at("people:settings"),
        Function,
        typed(name="Model validation"),
        at("people:function_create"),
    ),
    Case(
        "registry",
        at("catalogue:registry_create"),
        Registry,
        lambda house: {
            "name": "MLflow",
            "url": "https://mlflow.example.org",
            "owner": people.user("Mia", role=Role.RISK_MANAGER).pk,
            "every_minutes": 60,
        },
    ),
    Case(
        "webhook",
        at("notices:webhook_create"),
        WebhookEndpoint,
        lambda house: {
            "name": "Operations",
            "url": "https://hooks.example.org/T0",
            "shape": "standard",
            "owner": people.user("Ada", role=Role.ADMINISTRATOR).pk,
            "verbs": ["risklog.risk_opened"],
        },
    ),
    Case(
        "invitation",
        at("people:invitation_create"),
        Invitation,
        typed(addresses="guest@example.org", role="member"),
    ),
    Case(
        "duty calendar",
        lambda house: reverse("people:function_detail", args=[people.function("product").pk]),
        DutyRoster,
        lambda house: {"calendar_url": "https://calendar.example.org/x.ics"},
        lambda house: reverse("people:calendar_add", args=[people.function("product").pk]),
    ),
    Case(
        "duty roster",
        lambda house: reverse("people:function_detail", args=[people.function("engineering").pk]),
        DutyRoster,
        lambda house: {
            "people": people.user(function=people.function("engineering")).email,
            "starts_on": "2026-11-23",
        },
        lambda house: reverse("people:roster_add", args=[people.function("engineering").pk]),
    ),
    Case(
        "reviewer",
        at("risklog:review_detail", "review.reference"),
        Reviewer,
        lambda house: {"user": people.user("Rita Reviewer", function=people.function("engineering")).pk},
        lambda house: reverse("risklog:review_step", args=[house.review.reference, "ask"]),
    ),
    Case(
        "reconfirm a risk",
        lambda house: reverse("risklog:risk_step", args=[house.risk.reference, "reconfirm"]),
        Event.objects.filter(verb="risklog.risk_still_so"),
        typed(evidence="Four weeks below."),
    ),
    Case(
        "calendar address renewed",
        at("meetings:calendar"),
        CalendarFeed,
        action=at("meetings:calendar_renew", "feed.pk"),
    ),
    Case(
        "feed address renewed",
        _page_with_feed_address,
        FeedAddress,
        action=lambda house: reverse("learnings:address_renew", args=[_feed_address(house).pk]),
    ),
    Case(
        "contest",
        at("meetings:meeting_detail", "proposal.meeting.reference"),
        Contest,
        typed(reason="It triggers too late"),
        at("meetings:item_contest", "proposal.pk"),
    ),
    Case(
        "attendance",
        at("meetings:meeting_live", "live.reference"),
        Attendance,
        lambda house: {"present": [house.user.pk, house.mate.pk]},
        at("meetings:meeting_attend", "live.reference"),
    ),
    Case(
        "swap",
        at("meetings:meeting_detail", "turn.reference"),
        Swap,
        lambda house: {"trade": house.mate.pk},
        at("meetings:swap_ask", "turn.reference"),
    ),
    Case(
        "filled template",
        lambda house: (
            f"{reverse('risklog:filled_new')}?template={house.template.pk}&about={house.risk.reference}"
        ),
        FilledTemplate,
        typed(**{"values.what_happened": "It drifted."}),
    ),
    Case(
        "experiment",
        at("risklog:experiment_create"),
        Experiment,
        typed(title="A wider band", hypothesis="Fewer false alarms"),
    ),
    Case(
        "challenge",
        at("risklog:experiment_challenge", "experiment.reference"),
        Challenge,
        typed(kind="challenge", text="Why this slice?"),
    ),
    Case(
        "import",
        at("risklog:import_list"),
        Import,
        lambda house: {"file": talk.content("risks.csv", b"ID,Risk\n1,Scores drift\n")},
    ),
    Case(
        "saved view", at("saved:view_new", query="list=risks&query=level%3D5"), SavedView, typed(name="Worst")
    ),
    Case(
        "correction of minutes",
        at("meetings:meeting_minutes", "over.reference"),
        MinutesCorrection,
        typed(text="The cap is 0.3, not 0.4."),
        at("meetings:minutes_correct", "over.reference"),
    ),
    Case(
        "file",
        at("talk:file_add"),
        File,
        lambda house: {
            "kind": house.risk.subject.kind,
            "object_id": house.risk.subject.object_id,
            "file": talk.content(),
        },
        is_refused_first=True,
    ),
)
