"""The panels of upper rooms on the pages of lower rooms, in one table."""

from collections.abc import Callable, Iterator
from typing import Any

from actions import queries as actions
from catalogue.queries import change_request as changes
from catalogue.queries import decision_right as rights
from history import declarations, digest_parts, wiring
from history.digest_parts import DigestPart
from history.wiring import Relation
from incidents.queries import concerned, elsewhere, report
from incidents.queries import panel as incidents
from leaders.queries import goal_reports
from learnings.queries import learning as learnings
from learnings.queries import like, prefill
from learnings.queries import recognition as recognitions
from learnings.queries import session as sessions
from learnings.queries import week as learning_of_week
from meetings.models import Decision
from meetings.queries import (
    agenda,
    calendar,
    decision,
    decision_learning,
    duties,
    follow_through,
    investigation,
    memory,
    model_health,
    summaries,
)
from meetings.queries.summaries import AgendaSummary
from notices.queries import digest, rung_webhook
from pages import panels
from pages.panels import Panel
from people.queries import calendar_part
from riskhub import start_here
from riskhub.leaving import page as leaving
from risklog.queries import (
    channels,
    escalation,
    experiment_news,
    experiment_panel,
    recurrence,
    related,
    review,
    risk,
    template,
    verdict,
)
from risklog.queries.concerned import install as install_concerned
from signals.queries import marks, risk_reader, snapshot, verdicts
from signals.queries import model as signals
from signals.queries.marks import MarkReader
from signals.queries.risk_reader import RiskReader

ACTIONS = "actions/_panel_actions.html"
DECISIONS = "meetings/_panel_decisions.html"
AGENDA = "meetings/_panel_agenda.html"
LEARNINGS = "learnings/_panel_learnings.html"
CHECK_INS = "meetings/_panel_check_ins.html"
MEMORY = "meetings/_panel_memory_link.html"
LIKE = "learnings/_panel_like.html"
RECOGNITIONS = "learnings/_panel_recognitions.html"
REVIEWS = "risklog/_panel_reviews_of_subject.html"
SNAPSHOTS = "signals/_panel_snapshots.html"
FILLED = "risklog/_panel_filled.html"
EXPERIMENTS = "risklog/_panel_experiments.html"
CLIMB = "risklog/_panel_escalation.html"
INCIDENTS = "incidents/_panel_incidents.html"

# place, slot, template, query, permission, in the order of the page
PANELS: tuple[Panel, ...] = (
    Panel("actions.action", "main", DECISIONS, decision.panel, "meetings.decision_view"),
    Panel("actions.action", "rail", CLIMB, escalation.rail, "risklog.escalation_view"),
    Panel(
        "actions.follow_through",
        "main",
        "meetings/_panel_follow_through.html",
        follow_through.panel,
        "meetings.meeting_view",
    ),
    Panel(
        "people.team",
        "main",
        "catalogue/_panel_deciders_of_team.html",
        rights.deciders_of_team,
        "catalogue.right_view",
    ),
    # the list of models, and a model
    Panel("catalogue.models", "main", "signals/_panel_unclaimed.html", signals.unclaimed, "signals.view"),
    Panel(
        "catalogue.models", "column", "signals/_panel_column.html", signals.column_of_models, "signals.view"
    ),
    Panel(
        "catalogue.model",
        "actions",
        "signals/_panel_dashboard_link.html",
        signals.has_dashboard,
        "signals.view",
    ),
    Panel("catalogue.model", "actions", MEMORY, memory.link_of_model, "meetings.meeting_view"),
    Panel(
        "catalogue.model",
        "bar",
        "meetings/_panel_model_health.html",
        model_health.health,
        "meetings.meeting_view",
    ),
    Panel("catalogue.model", "main", "signals/_panel_model.html", signals.panel_of_model, "signals.view"),
    Panel(
        "catalogue.model",
        "main",
        "risklog/_panel_risks_of_model.html",
        risk.live_of_model,
        "risklog.risk_view",
    ),
    Panel(
        "catalogue.model", "main", "catalogue/_panel_changes.html", changes.panel_of_model, "catalogue.view"
    ),
    # a validation, a change request
    Panel(
        "catalogue.validation",
        "findings",
        "risklog/_panel_new_finding.html",
        risk.may_record_finding,
        "risklog.risk_add",
    ),
    Panel("catalogue.change_request", "main", REVIEWS, review.of_subject, "risklog.review_view"),
    Panel("catalogue.change_request", "main", AGENDA, agenda.panel, "meetings.meeting_view"),
    Panel("catalogue.change_request", "main", ACTIONS, actions.of_subject, "actions.action_view"),
    # a breach group
    Panel("signals.breach", "main", REVIEWS, review.of_subject, "risklog.review_view"),
    Panel("signals.breach", "main", ACTIONS, actions.of_subject, "actions.action_view"),
    Panel(
        "signals.breach",
        "rail",
        "risklog/_panel_risks_of_breach.html",
        risk.of_breach_group,
        "risklog.risk_view",
    ),
    Panel("signals.breach", "rail", CLIMB, escalation.rail, "risklog.escalation_view"),
    # the page of patterns
    Panel(
        "signals.patterns",
        "row",
        "risklog/_panel_risk_of_pattern.html",
        recurrence.of_patterns,
        "risklog.risk_view",
    ),
    Panel(
        "signals.patterns",
        "row",
        "risklog/_panel_experiment_of_pattern.html",
        experiment_panel.of_patterns,
        "risklog.experiment_view",
    ),
    # a dashboard of one model
    Panel(
        "signals.dashboard",
        "main",
        "risklog/_panel_risks_of_model.html",
        risk.live_of_model,
        "risklog.risk_view",
    ),
    # what snapshots are pinned to
    Panel("meetings.meeting", "rail", SNAPSHOTS, snapshot.panel, "signals.view"),
    Panel("meetings.minutes", "main", SNAPSHOTS, snapshot.panel, "signals.view"),
    # a check-in
    Panel("meetings.check_in", "main", ACTIONS, actions.of_subject, "actions.action_view"),
    Panel("meetings.check_in", "main", AGENDA, agenda.panel, "meetings.meeting_view"),
    # a decision
    Panel("meetings.decision", "main", LEARNINGS, learnings.of_decision, "learnings.learning_view"),
    # a threshold, a team, a person
    Panel("signals.threshold", "main", DECISIONS, decision.panel, "meetings.decision_view"),
    Panel("people.team", "main", MEMORY, memory.link_of_team, "meetings.meeting_view"),
    Panel("people.team", "main", "people/_panel_start_here.html", start_here.link, "people.team_view"),
    Panel("people.people", "tabs", "meetings/_panel_duties.html", duties.link, "meetings.meeting_view"),
    Panel("people.team", "main", RECOGNITIONS, recognitions.of_team, "learnings.recognition_view"),
    Panel("people.person", "main", RECOGNITIONS, recognitions.of_person, "learnings.recognition_view"),
    Panel("people.person", "main", "people/_panel_hand_over.html", leaving.link, "people.hand_over"),
    # a risk, a review, an escalation
    Panel("risklog.risk", "main", AGENDA, agenda.panel, "meetings.meeting_view"),
    # a risk that is being written
    Panel("risklog.risk_like", "main", LIKE, like.of_draft, "learnings.learning_view"),
    Panel(
        "risklog.risk", "timeline", "notices/_panel_digests.html", digest.digests_naming, "notices.inbox_view"
    ),
    Panel("risklog.review", "main", AGENDA, agenda.panel, "meetings.meeting_view"),
    # the register checks, a team
    Panel(
        "risklog.checks",
        "main",
        "incidents/_panel_overdue_reviews.html",
        elsewhere.overdue_reviews,
        "incidents.incident_view",
    ),
    Panel("people.team", "main", INCIDENTS, incidents.of_team, "incidents.incident_view"),
    # an incident
    Panel("incidents.postmortem", "main", AGENDA, agenda.panel, "meetings.meeting_view"),
    Panel("incidents.postmortem", "rail", CLIMB, escalation.rail, "risklog.escalation_view"),
    Panel("incidents.incident", "rail", CLIMB, escalation.rail, "risklog.escalation_view"),
    Panel("risklog.experiment", "main", AGENDA, agenda.panel, "meetings.meeting_view"),
    Panel("risklog.experiment", "main", DECISIONS, decision.panel, "meetings.decision_view"),
    Panel("risklog.experiment", "main", ACTIONS, actions.of_subject, "actions.action_view"),
    Panel("risklog.experiment", "rail", CLIMB, escalation.rail, "risklog.escalation_view"),
    Panel("risklog.escalation", "main", AGENDA, agenda.panel, "meetings.meeting_view"),
)


def _later(
    places: str, template_name: str, query: Callable[[Any, Any], Any], permission: str
) -> Iterator[Panel]:
    """Yield a panel of each of these pages, which are separated by spaces."""
    for place in places.split():
        yield Panel(place, "main", template_name, query, permission, is_later=True)


# What a second request loads below the panels above, in the order of each page.
LATER_PANELS: tuple[Panel, ...] = (
    *_later(
        "signals.breach risklog.risk risklog.review risklog.experiment incidents.incident",
        CHECK_INS,
        investigation.of_subject,
        "meetings.check_in_view",
    ),
    *_later(
        "actions.action catalogue.model catalogue.change_request signals.breach risklog.risk risklog.review"
        " risklog.experiment incidents.incident meetings.decision",
        SNAPSHOTS,
        snapshot.panel,
        "signals.view",
    ),
    *_later("catalogue.model", INCIDENTS, incidents.of_model, "incidents.incident_view"),
    *_later("signals.breach", INCIDENTS, incidents.of_breach, "incidents.incident_view"),
    *_later("risklog.risk", INCIDENTS, incidents.of_risk, "incidents.incident_view"),
    *_later("catalogue.model", EXPERIMENTS, experiment_panel.of_model, "risklog.experiment_view"),
    *_later("signals.breach", EXPERIMENTS, experiment_panel.of_breach, "risklog.experiment_view"),
    *_later("risklog.review", EXPERIMENTS, experiment_panel.of_review, "risklog.experiment_view"),
    *_later("incidents.incident", EXPERIMENTS, incidents.experiments, "risklog.experiment_view"),
    *_later("catalogue.model incidents.incident", REVIEWS, review.of_subject, "risklog.review_view"),
    *_later(
        "signals.breach risklog.risk risklog.review risklog.experiment incidents.incident",
        FILLED,
        template.of_subject,
        "risklog.template_view",
    ),
    *_later("incidents.incident", AGENDA, agenda.panel, "meetings.meeting_view"),
    *_later("catalogue.model", LEARNINGS, learnings.of_model, "learnings.learning_view"),
    *_later("risklog.risk", LEARNINGS, learnings.of_risk, "learnings.learning_view"),
    *_later("risklog.risk", LIKE, like.of_risk, "learnings.learning_view"),
    *_later("risklog.review", LEARNINGS, learnings.of_review, "learnings.learning_view"),
    *_later("risklog.experiment", LEARNINGS, learnings.of_experiment, "learnings.learning_view"),
    *_later("incidents.incident", LEARNINGS, learnings.of_incident, "learnings.learning_view"),
    *_later(
        "actions.action catalogue.change_request risklog.risk risklog.review risklog.experiment"
        " incidents.incident meetings.decision",
        RECOGNITIONS,
        recognitions.of_subject,
        "learnings.recognition_view",
    ),
)

# What a subject's timeline includes: actions, reviews, escalations, risks, learnings, recognitions,
# sessions, decisions.
RELATIONS: tuple[Relation, ...] = (
    actions.subjects_of_actions_about,
    related.reviews,
    related.escalations,
    related.risks,
    related.experiments,
    related.duplicates,
    incidents.subjects_of_incidents_about,
    learnings.subjects_of_learnings_about,
    recognitions.subjects_of_recognitions_about,
    sessions.subjects_of_sessions_about,
    decision.subjects_of_decisions_about,
)


RISKS = RiskReader(risk.of_models, "risklog.risk_view")
# What charts mark: decisions, the starts and results of experiments, and incidents.
MARKS: tuple[MarkReader, ...] = (
    decision.ON_CHARTS,
    experiment_news.STARTS_ON_CHARTS,
    experiment_news.RESULTS_ON_CHARTS,
    elsewhere.ON_CHARTS,
)

# The sections of the weekly digest that rooms declare, in its order.
DIGEST_PARTS: tuple[DigestPart, ...] = (
    elsewhere.IN_DIGEST,
    elsewhere.REVIEWS_IN_DIGEST,
    goal_reports.IN_DIGEST,
    decision.IN_DIGEST,
    experiment_news.IN_DIGEST,
    learning_of_week.IN_DIGEST,
    learnings.IN_DIGEST,
    recognitions.IN_DIGEST,
    sessions.IN_DIGEST,
)

# What the agendas of meetings sum up of upper rooms.
AGENDA_SUMMARIES: tuple[AgendaSummary, ...] = (goal_reports.ON_AGENDA,)


def install() -> None:
    panels.install((*PANELS, *LATER_PANELS))
    summaries.install(AGENDA_SUMMARIES)
    marks.install(MARKS)
    digest_parts.install(DIGEST_PARTS)
    prefill.install([(Decision.KIND, decision_learning.known_of_decision)])
    verdicts.install(verdict.of_groups)
    risk_reader.install(RISKS)
    channels.install(rung_webhook.READER)
    calendar_part.install(calendar.reads_own_feed)
    install_concerned(concerned.CONCERNED)
    template.install_drafts(report.DRAFTS)
    minor = [declared.verb for declared in declarations.every() if declared.is_minor]
    wiring.relate(RELATIONS, minor=minor)
