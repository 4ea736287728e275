"""The states of risks, reviews, escalations and experiments, their labels, and the moves between them."""

from django.db.models import TextChoices


class RiskState(TextChoices):
    OPEN = "open", "Open"
    ASSESSING = "assessing", "Assessing"
    TREATING = "treating", "Treating"
    MONITORING = "monitoring", "Monitoring"
    ACCEPTED = "accepted", "Accepted"
    CLOSED = "closed", "Closed"


class Treatment(TextChoices):
    MITIGATE = "mitigate", "Mitigate"
    ACCEPT = "accept", "Accept"
    TRANSFER = "transfer", "Transfer"
    AVOID = "avoid", "Avoid"


class AcceptanceState(TextChoices):
    PROPOSED = "proposed", "Proposed"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"
    ENDED = "ended", "Ended"


class FieldType(TextChoices):
    """What a field of a template takes."""

    LINE = "line", "One line"
    TEXT = "text", "Text"
    NUMBER = "number", "Number"
    DATE = "date", "Date"
    CHOICE = "choice", "Choice"
    YES_NO = "yes_no", "Yes or no"


class ScoringState(TextChoices):
    """The state of a round in which people score a risk blind."""

    OPEN = "open", "Open"
    REVEALED = "revealed", "Revealed"
    CANCELLED = "cancelled", "Cancelled"


class ExperimentState(TextChoices):
    PROPOSED = "proposed", "Proposed"
    RUNNING = "running", "Running"
    FINISHED = "finished", "Finished"
    CANCELLED = "cancelled", "Cancelled"


class ExperimentOutcome(TextChoices):
    """What an experiment says about its hypothesis."""

    SUPPORTED = "supported", "Supported"
    REJECTED = "rejected", "Rejected"
    INCONCLUSIVE = "inconclusive", "Inconclusive"


class Arm(TextChoices):
    """What a run is in an experiment."""

    BASELINE = "baseline", "Baseline"
    CANDIDATE = "candidate", "Candidate"


class ChallengeKind(TextChoices):
    CHALLENGE = "challenge", "Challenge"
    REPRODUCTION = "reproduction", "Reproduction"


class ReviewState(TextChoices):
    OPEN = "open", "Open"
    SETTLED = "settled", "Closed"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Outcome(TextChoices):
    """The outcome of a review. A reviewer's verdict has the same choices."""

    CONFIRMED = "confirmed", "Confirmed"
    FALSE_ALARM = "false_alarm", "False alarm"
    POOR_EVIDENCE = "poor_evidence", "Not enough evidence"
    THRESHOLD_TO_CHANGE = "threshold_to_change", "Threshold needs changing"
    EXPERIMENT_NEEDED = "experiment_needed", "Experiment needed"


class Severity(TextChoices):
    """How soon a review or an escalation must be answered (docs/glossary.md)."""

    WARNING = "warning", "Warning"
    CRITICAL = "critical", "Critical"


class Who(TextChoices):
    """Whom a rung notifies."""

    REVIEWERS = "reviewers", "Reviewers or owner"
    OWNER = "owner", "Owner"
    TEAM_LEAD = "team_lead", "Lead of the owner team"
    FUNCTION = "function", "A function"
    RIGHT = "right", "Holder of a decision right"
    PERSON = "person", "Named people"
    SPONSOR = "sponsor", "Executive sponsor"


class When(TextChoices):
    """When a branch of a rung applies."""

    WORKING = "working", "In working hours"
    OUTSIDE = "outside", "Outside working hours"


class EscalationState(TextChoices):
    CLIMBING = "climbing", "Escalating"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    PAUSED = "paused", "Paused"
    RESOLVED = "resolved", "Resolved"


class RevealState(TextChoices):
    """Of a request to reveal who escalated something anonymously."""

    ASKED = "asked", "Waiting for a second administrator"
    CONFIRMED = "confirmed", "Confirmed"
    DECLINED = "declined", "Declined"
    LAPSED = "lapsed", "Lapsed"


class ImportState(TextChoices):
    READ = "read", "Not checked"
    CHECKING = "checking", "Being checked"
    CHECKED = "checked", "Checked"
    APPLYING = "applying", "Being imported"
    APPLIED = "applied", "Imported"
    UNDOING = "undoing", "Being undone"
    UNDONE = "undone", "Undone"


class ImportTask(TextChoices):
    """What a worker does with a long import. CHECK_AND_APPLY: it applies it unless a row is refused."""

    CHECK = "check", "Check"
    APPLY = "apply", "Import"
    CHECK_AND_APPLY = "both", "Check and import"
    UNDO = "undo", "Undo"


# The states of an import while a worker has a task of it.
RUNNING_IMPORTS = (ImportState.CHECKING, ImportState.APPLYING, ImportState.UNDOING)


class RowResult(TextChoices):
    NEW = "new", "New"
    CHANGED = "changed", "Changed"
    UNCHANGED = "unchanged", "Unchanged"
    REFUSED = "refused", "Refused"


# The states in which a risk needs a plan: it is neither accepted nor closed.
WITHOUT_PLAN = (RiskState.OPEN, RiskState.ASSESSING, RiskState.TREATING, RiskState.MONITORING)
# The statement of a risk in short fields: field -> what it says.
STATEMENT = {
    "cause": "Why it may happen: the condition that is there today.",
    "event": "What may happen.",
    "effect": "What follows: for decisions, people, money or compliance.",
    "affected": "Who would be affected, and how, in one sentence.",
}
RISK_MOVES = {
    (RiskState.OPEN, RiskState.ASSESSING): "risklog.risk_assessing",
    (RiskState.OPEN, RiskState.CLOSED): "risklog.risk_closed",
    (RiskState.ASSESSING, RiskState.TREATING): "risklog.risk_treating",
    (RiskState.ASSESSING, RiskState.MONITORING): "risklog.risk_monitoring",
    (RiskState.ASSESSING, RiskState.CLOSED): "risklog.risk_closed",
    (RiskState.TREATING, RiskState.ASSESSING): "risklog.risk_assessing",
    (RiskState.TREATING, RiskState.MONITORING): "risklog.risk_monitoring",
    (RiskState.MONITORING, RiskState.TREATING): "risklog.risk_treating",
    (RiskState.MONITORING, RiskState.ASSESSING): "risklog.risk_assessing",
    (RiskState.MONITORING, RiskState.CLOSED): "risklog.risk_closed",
    (RiskState.ASSESSING, RiskState.ACCEPTED): "risklog.risk_accepted",
    (RiskState.TREATING, RiskState.ACCEPTED): "risklog.risk_accepted",
    (RiskState.MONITORING, RiskState.ACCEPTED): "risklog.risk_accepted",
    (RiskState.ACCEPTED, RiskState.ASSESSING): "risklog.risk_acceptance_ended",
    (RiskState.CLOSED, RiskState.ASSESSING): "risklog.risk_reopened",
}
# The evidence of a risk that is closed as a duplicate without a reason.
DUPLICATE_EVIDENCE = "Closed as a duplicate."
# Steps that only a risk takes which is closed as the duplicate of another one.
DUPLICATE_MOVES = {
    (RiskState.TREATING, RiskState.CLOSED): "risklog.risk_closed",
    (RiskState.ACCEPTED, RiskState.CLOSED): "risklog.risk_closed",
}
# The first and the last step are made with the step of the risk, in its event.
ACCEPTANCE_MOVES = {
    (AcceptanceState.PROPOSED, AcceptanceState.ACCEPTED): "risklog.risk_accepted",
    (AcceptanceState.PROPOSED, AcceptanceState.DECLINED): "risklog.acceptance_declined",
    (AcceptanceState.PROPOSED, AcceptanceState.WITHDRAWN): "risklog.acceptance_withdrawn",
    (AcceptanceState.ACCEPTED, AcceptanceState.ENDED): "risklog.risk_acceptance_ended",
}
SCORING_MOVES = {
    (ScoringState.OPEN, ScoringState.REVEALED): "risklog.scores_revealed",
    (ScoringState.OPEN, ScoringState.CANCELLED): "risklog.scoring_cancelled",
}
EXPERIMENT_MOVES = {
    (ExperimentState.PROPOSED, ExperimentState.RUNNING): "risklog.experiment_started",
    (ExperimentState.PROPOSED, ExperimentState.CANCELLED): "risklog.experiment_cancelled",
    (ExperimentState.RUNNING, ExperimentState.FINISHED): "risklog.experiment_finished",
    (ExperimentState.RUNNING, ExperimentState.CANCELLED): "risklog.experiment_cancelled",
}
REVIEW_MOVES = {
    (ReviewState.OPEN, ReviewState.SETTLED): "risklog.review_settled",
    (ReviewState.OPEN, ReviewState.WITHDRAWN): "risklog.review_withdrawn",
    (ReviewState.SETTLED, ReviewState.OPEN): "risklog.review_reopened",
    (ReviewState.WITHDRAWN, ReviewState.OPEN): "risklog.review_reopened",
}
ESCALATION_MOVES = {
    (EscalationState.CLIMBING, EscalationState.ACKNOWLEDGED): "risklog.escalation_acknowledged",
    (EscalationState.CLIMBING, EscalationState.PAUSED): "risklog.escalation_paused",
    (EscalationState.CLIMBING, EscalationState.RESOLVED): "risklog.escalation_resolved",
    (EscalationState.ACKNOWLEDGED, EscalationState.CLIMBING): "risklog.escalation_lapsed",
    (EscalationState.ACKNOWLEDGED, EscalationState.PAUSED): "risklog.escalation_paused",
    (EscalationState.ACKNOWLEDGED, EscalationState.RESOLVED): "risklog.escalation_resolved",
    (EscalationState.PAUSED, EscalationState.CLIMBING): "risklog.escalation_resumed",
    (EscalationState.PAUSED, EscalationState.RESOLVED): "risklog.escalation_resolved",
}
REVEAL_MOVES = {
    (RevealState.ASKED, RevealState.CONFIRMED): "risklog.escalation_revealed",
    (RevealState.ASKED, RevealState.DECLINED): "risklog.reveal_declined",
    (RevealState.ASKED, RevealState.LAPSED): "risklog.reveal_lapsed",
}
UNFINISHED_EXPERIMENTS = (ExperimentState.PROPOSED, ExperimentState.RUNNING)
UNRESOLVED = (EscalationState.CLIMBING, EscalationState.ACKNOWLEDGED, EscalationState.PAUSED)
LIVE_RISKS = (
    RiskState.OPEN,
    RiskState.ASSESSING,
    RiskState.TREATING,
    RiskState.MONITORING,
    RiskState.ACCEPTED,
)
