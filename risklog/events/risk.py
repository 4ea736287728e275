"""The events of risks. Lists of ids are user ids, except `teams`."""

from typing import Any

from history.declarations import EventType, Mail, Payload, remove
from history.recipients import listed_in_payload
from history.states import NewsGroup
from risklog import mail
from risklog.recipients import (
    acceptance_deciders,
    acceptance_proposer,
    lead_if_unowned,
    of_important_change,
    owner_of_other_risk,
    risk_owner,
    team_of_risk,
    unless_imported,
)
from saved.recipients import view_subscribers


class RiskChanged(Payload, verb="risklog.risk_changed"):
    """level: [before, after] if it changed. merged: the name of the category that was merged into another."""

    level: list[int] | None = None
    merged: str | None = None


class RiskConfirmed(Payload, verb="risklog.risk_still_so"):  # verbs are permanent: this is its first name
    evidence: str


class RiskStep(Payload):
    """A step of a risk to another state, with its reason."""

    reason: str | None = None


class RiskAssessing(RiskStep, verb="risklog.risk_assessing"):
    pass


class RiskTreating(RiskStep, verb="risklog.risk_treating"):
    pass


class RiskMonitoring(RiskStep, verb="risklog.risk_monitoring"):
    pass


class RiskClosed(RiskStep, verb="risklog.risk_closed"):
    """is_duplicate: it is closed as the duplicate of another risk, for this reason."""

    is_duplicate: bool | None = None


class RiskReopened(RiskStep, verb="risklog.risk_reopened"):
    pass


class AcceptanceProposed(Payload, verb="risklog.acceptance_proposed"):
    until: str
    reason: str


class AcceptanceDeclined(Payload, verb="risklog.acceptance_declined"):
    reason: str


class AcceptanceWithdrawn(Payload, verb="risklog.acceptance_withdrawn"):
    reason: str | None = None


class RiskAccepted(Payload, verb="risklog.risk_accepted"):
    """reason: of the proposal. decision_reason: of the decision, if one was given."""

    until: str
    reason: str
    decision_reason: str | None = None


class RiskAcceptanceEnding(Payload, verb="risklog.risk_acceptance_ending"):
    until: str
    days: int


class RiskAcceptanceEnded(Payload, verb="risklog.risk_acceptance_ended"):
    """until: set if the acceptance ended on its date. reason: set if a person ended it earlier."""

    until: str | None = None
    reason: str | None = None


class FindingsTold(Payload, verb="risklog.findings_told"):
    """What the register checks found. findings: {"check", "label" at that time, "risks": ids of subjects}."""

    told: list[int]
    findings: list[dict[str, Any]]


class RiskNeglected(Payload, verb="risklog.risk_neglected"):
    """Nothing happened after the owner was told. label: of the check at that time. told_on: a date."""

    check: str
    label: str
    told_on: str


class PlanRequired(Payload, verb="risklog.plan_required"):
    """The score rose above the appetite, or the appetite fell. due_on: the day by which a plan is needed."""

    due_on: str
    score: int
    max_score: int


class PlanSettled(Payload, verb="risklog.plan_settled"):
    """The risk has a plan, or needs none any more."""


class PlanOverdue(Payload, verb="risklog.plan_overdue"):
    due_on: str


class RiskRestricted(Payload, verb="risklog.risk_restricted"):
    teams: list[int]  # the ids of their subjects


class RiskOpenedToAll(Payload, verb="risklog.risk_opened_to_all", upcasters=(remove("teams"),)):
    pass


_OWNER = (risk_owner, lead_if_unowned)
_OWNER_AND_TEAM = (risk_owner, team_of_risk)
_VIEWS = unless_imported(view_subscribers)

RISK_EVENTS = (
    EventType(
        "risklog.risk_opened",
        (*(unless_imported(rule) for rule in _OWNER_AND_TEAM), _VIEWS),
        group=NewsGroup.RISKS,
    ),
    EventType(RiskChanged, (of_important_change, _VIEWS), group=NewsGroup.RISKS),
    EventType(RiskConfirmed),
    EventType(RiskAssessing),
    EventType(RiskTreating, (risk_owner, _VIEWS), group=NewsGroup.RISKS),
    EventType(RiskMonitoring, (risk_owner, _VIEWS), group=NewsGroup.RISKS),
    EventType(
        AcceptanceProposed,
        (acceptance_deciders,),
        group=NewsGroup.DECISIONS,
        answered_by=("risklog.risk_accepted", "risklog.acceptance_declined"),
    ),
    EventType(AcceptanceDeclined, (risk_owner, acceptance_proposer), group=NewsGroup.DECISIONS),
    EventType(AcceptanceWithdrawn, (acceptance_deciders,), is_minor=True, group=NewsGroup.DECISIONS),
    EventType(
        RiskAccepted,
        (*(unless_imported(rule) for rule in (*_OWNER_AND_TEAM, acceptance_proposer)), _VIEWS),
        is_chained=True,
        group=NewsGroup.DECISIONS,
    ),
    EventType(
        RiskAcceptanceEnding,
        _OWNER,
        Mail("risk", mail.risk_context, mail.risk_is_accepted, goes_to_stand_in=True),
        group=NewsGroup.RISKS,
    ),
    EventType(
        RiskAcceptanceEnded,
        _OWNER,
        Mail("risk", mail.risk_context, mail.risk_is_accepted_no_more, goes_to_stand_in=True),
        group=NewsGroup.RISKS,
    ),
    EventType(
        RiskClosed,  # by an import: that is the undo of one that notified nobody
        (*(unless_imported(rule) for rule in (*_OWNER_AND_TEAM, owner_of_other_risk)), _VIEWS),
        group=NewsGroup.RISKS,
    ),
    EventType(RiskReopened, (*_OWNER_AND_TEAM, _VIEWS), group=NewsGroup.RISKS),
    EventType(
        FindingsTold,
        (listed_in_payload("told", reason="Risks that need your attention"),),
        Mail("findings", mail.findings_context, mail.findings_are_left, goes_to_stand_in=True),
        is_minor=True,
        is_private=True,
        is_public=False,
        group=NewsGroup.FINDINGS,
    ),
    EventType(RiskNeglected),
    EventType(PlanRequired, tuple(unless_imported(rule) for rule in _OWNER), group=NewsGroup.RISKS),
    EventType(PlanSettled, is_minor=True),
    EventType(PlanOverdue, _OWNER, is_urgent=True, group=NewsGroup.RISKS),
    EventType(RiskRestricted, is_chained=True),
    EventType(RiskOpenedToAll, is_chained=True),
)
