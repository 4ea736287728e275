"""The events of this room: categories, ladders, risks, reviews, escalations.

Lists of ids are user ids, except `teams`.
"""

from typing import Any

from history.declarations import EventType, Mail, Payload, remove, rename
from history.recipients import listed_in_payload
from history.states import InDoubt, NewsGroup
from risklog import mail
from risklog.events.escalation import (
    EscalationAcknowledged,
    EscalationAnnotated,
    EscalationCalledAgain,
    EscalationClimbed,
    EscalationHandedOver,
    EscalationLapsed,
    EscalationPaused,
    EscalationResolved,
    EscalationResumed,
    EscalationRevealed,
    EscalationStarted,
    EscalationStays,
    EscalationSteppedDown,
    EscalationWaits,
    RevealAsked,
    RevealDeclined,
    RevealLapsed,
)
from risklog.events.experiment import EXPERIMENT_EVENTS
from risklog.recipients import (
    acceptance_deciders,
    acceptance_proposer,
    asked_to_review,
    escalated_to,
    lead_if_unowned,
    of_important_change,
    other_administrators,
    owner_of_other_risk,
    reviewers,
    risk_owner,
    team_of_escalation,
    team_of_risk,
    unless_imported,
    unnamed_raisers,
)
from risklog.scoring_events import SCORING_EVENTS
from saved.recipients import view_subscribers

# ------------------------------------------------------------------ categories, ladders


class CategoryRetired(Payload, verb="risklog.category_retired"):
    """into: the name of the category it was merged into. reason: of the merge."""

    into: str | None = None
    reason: str | None = None


class TemplateChanged(Payload, verb="risklog.template_changed"):
    number: int  # the version of its fields


class LadderChanged(Payload, verb="risklog.ladder_changed"):
    number: int


# ------------------------------------------------------------------ risks


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


# ------------------------------------------------------------------ reviews


class ReviewOpened(Payload, verb="risklog.review_opened"):
    why: str
    asked: list[int]
    severity: str


class ReviewAsked(Payload, verb="risklog.review_asked"):
    asked: list[int]


class ReviewReassigned(Payload, verb="risklog.review_reassigned"):
    """Another person is asked. replaced: who is not asked any more. note: of the person who handed over."""

    asked: list[int]
    replaced: list[int]
    note: str = ""


class ReviewTriggered(Payload):
    """A further trigger. waiting: the reviewers who have not answered."""

    why: str
    waiting: list[int] | None = None


class ReviewAnnotated(ReviewTriggered, verb="risklog.review_annotated"):
    pass


class ReviewPressed(ReviewTriggered, verb="risklog.review_pressed"):
    pass


class ReviewReminded(Payload, verb="risklog.review_reminded"):
    told: list[int]
    due_at: str


class ReviewUnanswered(Payload, verb="risklog.review_unanswered"):
    waiting: list[int]


class ReviewAnswered(Payload, verb="risklog.review_answered", upcasters=(rename("words", to="label"),)):
    """label: the label of the verdict at that time. is_complete: no answer is missing any more."""

    verdict: str
    label: str
    note: str
    is_complete: bool


class ReviewSettled(Payload, verb="risklog.review_settled", upcasters=(rename("words", to="label"),)):
    outcome: str
    label: str
    reason: str


class ReviewWithdrawn(Payload, verb="risklog.review_withdrawn"):
    reason: str


class ReviewReopened(Payload, verb="risklog.review_reopened"):
    reason: str


# ------------------------------------------------------------------ all events

_ASKED_REVEAL = listed_in_payload("told", reason="You asked to reveal who escalated it")
_ESCALATED = listed_in_payload("told", reason="Escalated to you")
# A mail that may not have arrived is sent again. A reminder is not, because an escalation follows it.
_REQUEST = Mail("review", mail.review_context, mail.review_is_unanswered, InDoubt.RESEND)
_REMINDER = Mail("review", mail.review_context, mail.review_is_unanswered)
_ESCALATION = Mail(
    "escalation",
    mail.escalation_context,
    mail.escalation_waits_for,
    InDoubt.RESEND,
    is_wanted=mail.escalation_is_mailed,
)
_OWNER = (risk_owner, lead_if_unowned)
_OWNER_AND_TEAM = (risk_owner, team_of_risk)
_VIEWS = unless_imported(view_subscribers)


def _escalates(payload: type[Payload], recipients: tuple = (_ESCALATED,)) -> EventType:
    """Return an event whose mail is sent at once, also to its actor. Users cannot turn it off, a rung can."""
    return EventType(
        payload,
        recipients,
        _ESCALATION,
        is_urgent=True,
        is_actor_notified=True,
        group=NewsGroup.ESCALATIONS,
        cannot_be_silenced=True,
    )


_OF_TEMPLATES = (
    "template_added", "template_retired", "template_restored", "filled_template_added",
    "filled_template_changed",
)  # fmt: skip
_OF_RULES = (
    "ladder_added", "ladder_renamed", "ladder_moved", "ladder_retired", "matrix_added", "matrix_changed",
    "appetite_added", "appetite_changed", "appetite_retired",
)  # fmt: skip

EVENTS = (
    EventType("risklog.category_added"),
    EventType("risklog.category_changed"),
    EventType(CategoryRetired),
    EventType("risklog.category_restored"),
    EventType(TemplateChanged),
    *(EventType(f"risklog.{verb}") for verb in _OF_TEMPLATES),
    *(EventType(f"risklog.{verb}", is_chained=True) for verb in _OF_RULES),
    EventType(LadderChanged, is_chained=True),
    # risks
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
    EventType(AcceptanceProposed, (acceptance_deciders,), group=NewsGroup.DECISIONS),
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
    *SCORING_EVENTS,
    *EXPERIMENT_EVENTS,
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
    # reviews
    EventType(ReviewOpened, (asked_to_review,), _REQUEST, group=NewsGroup.REVIEWS),
    EventType(ReviewAsked, (asked_to_review,), _REQUEST, group=NewsGroup.REVIEWS),
    EventType(ReviewReassigned, (asked_to_review,), _REQUEST, group=NewsGroup.REVIEWS),
    EventType(ReviewAnnotated),
    EventType(
        ReviewPressed,
        (listed_in_payload("waiting", reason="The review became critical: your answer is due sooner"),),
        _REQUEST,
        group=NewsGroup.REVIEWS,
    ),
    EventType(
        ReviewReminded,
        (listed_in_payload("told", reason="Your answer is due soon"),),
        _REMINDER,
        group=NewsGroup.REVIEWS,
    ),
    EventType(
        ReviewUnanswered,
        (listed_in_payload("waiting", reason="Your answer is overdue"),),
        is_urgent=True,
        group=NewsGroup.REVIEWS,
    ),
    EventType("risklog.review_replanned", is_minor=True),
    EventType(ReviewAnswered),
    EventType("risklog.review_claimed"),
    EventType("risklog.review_given_back", is_minor=True),
    EventType(ReviewSettled, (reviewers,), group=NewsGroup.REVIEWS),
    EventType(ReviewWithdrawn, (reviewers,), group=NewsGroup.REVIEWS),
    EventType(ReviewReopened, (reviewers,), group=NewsGroup.REVIEWS),
    # escalations
    EventType(EscalationStarted, (team_of_escalation,), group=NewsGroup.ESCALATIONS),
    _escalates(EscalationClimbed),
    _escalates(EscalationLapsed),
    _escalates(EscalationResumed),
    _escalates(EscalationSteppedDown),
    _escalates(EscalationCalledAgain),
    _escalates(EscalationHandedOver, (listed_in_payload("told", reason="Handed over to you"),)),
    EventType(EscalationAnnotated, (escalated_to,), group=NewsGroup.ESCALATIONS),
    EventType(EscalationAcknowledged, (escalated_to,), group=NewsGroup.ESCALATIONS),
    EventType(EscalationPaused, (escalated_to,), group=NewsGroup.ESCALATIONS),
    EventType(EscalationStays, (escalated_to,), is_urgent=True, group=NewsGroup.ESCALATIONS),
    EventType(EscalationWaits, is_minor=True),
    EventType("risklog.escalation_replanned", is_minor=True),
    EventType(EscalationResolved, (escalated_to,), group=NewsGroup.ESCALATIONS),
    # No mail: its delivery log would name the person who escalated.
    EventType(
        RevealAsked, (other_administrators,), is_urgent=True, is_chained=True, group=NewsGroup.ESCALATIONS
    ),
    EventType(RevealDeclined, (_ASKED_REVEAL,), is_chained=True, group=NewsGroup.ESCALATIONS),
    EventType(RevealLapsed, (_ASKED_REVEAL,), is_chained=True, group=NewsGroup.ESCALATIONS),
    EventType(
        EscalationRevealed, (_ASKED_REVEAL, unnamed_raisers), is_chained=True, group=NewsGroup.ESCALATIONS
    ),
)
