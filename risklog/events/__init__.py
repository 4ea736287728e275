"""The events of this room, in a module for each noun."""

from risklog.events.escalation import ESCALATION_EVENTS
from risklog.events.experiment import EXPERIMENT_EVENTS
from risklog.events.review import REVIEW_EVENTS
from risklog.events.risk import RISK_EVENTS
from risklog.events.rules import RULE_EVENTS
from risklog.events.scoring import SCORING_EVENTS

EVENTS = (
    *RULE_EVENTS,
    *RISK_EVENTS,
    *SCORING_EVENTS,
    *EXPERIMENT_EVENTS,
    *REVIEW_EVENTS,
    *ESCALATION_EVENTS,
)
