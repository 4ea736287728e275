"""The severities and states of incidents, the roles in one, and their levels."""

from django.db.models import TextChoices


class IncidentSeverity(TextChoices):
    """How bad an incident is (docs/glossary.md)."""

    CRITICAL = "critical", "Critical"
    HIGH = "high", "High"
    MEDIUM = "medium", "Medium"
    LOW = "low", "Low"


class IncidentState(TextChoices):
    OPEN = "open", "Open"
    MITIGATED = "mitigated", "Mitigated"
    RESOLVED = "resolved", "Resolved"
    REVIEWED = "reviewed", "Reviewed"
    WITHDRAWN = "withdrawn", "Withdrawn"


class IncidentRole(TextChoices):
    """Who does what during an incident."""

    LEAD = "lead", "Lead"
    SCRIBE = "scribe", "Scribe"
    COMMUNICATIONS = "communications", "Communications"


# An incident that is still going on.
ONGOING = (IncidentState.OPEN, IncidentState.MITIGATED)
# The place of a severity on the scale of risk levels, which has five.
LEVELS = {
    IncidentSeverity.LOW: 2,
    IncidentSeverity.MEDIUM: 3,
    IncidentSeverity.HIGH: 4,
    IncidentSeverity.CRITICAL: 5,
}
INCIDENT_MOVES = {
    (IncidentState.OPEN, IncidentState.MITIGATED): "incidents.incident_mitigated",
    (IncidentState.OPEN, IncidentState.RESOLVED): "incidents.incident_resolved",
    (IncidentState.MITIGATED, IncidentState.RESOLVED): "incidents.incident_resolved",
    (IncidentState.MITIGATED, IncidentState.OPEN): "incidents.incident_reopened",
    (IncidentState.RESOLVED, IncidentState.OPEN): "incidents.incident_reopened",
    (IncidentState.RESOLVED, IncidentState.REVIEWED): "incidents.incident_reviewed",
    (IncidentState.REVIEWED, IncidentState.OPEN): "incidents.incident_reopened",
    (IncidentState.OPEN, IncidentState.WITHDRAWN): "incidents.incident_withdrawn",
    (IncidentState.MITIGATED, IncidentState.WITHDRAWN): "incidents.incident_withdrawn",
    (IncidentState.WITHDRAWN, IncidentState.OPEN): "incidents.incident_reopened",
}


class PostmortemState(TextChoices):
    OPEN = "open", "Open"
    DONE = "done", "Done"


class RiskAnswer(TextChoices):
    """How the risk log answers which risk should have caught an incident."""

    LINKED = "linked", "A risk of the log, as it is scored"
    RESCORED = "rescored", "A risk of the log, whose score was too low"
    NEW = "new", "No risk of the log: a new one"


POSTMORTEM_MOVES = {
    (PostmortemState.OPEN, PostmortemState.DONE): "incidents.postmortem_finished",
    (PostmortemState.DONE, PostmortemState.OPEN): "incidents.postmortem_reopened",
}
# Within how many working days after it is resolved an incident is reviewed.
REVIEW_DAYS = {
    IncidentSeverity.CRITICAL: 3,
    IncidentSeverity.HIGH: 5,
    IncidentSeverity.MEDIUM: 10,
    IncidentSeverity.LOW: 20,
}
# How many people of teams that are not involved observe the review.
OBSERVERS = {
    IncidentSeverity.CRITICAL: 2,
    IncidentSeverity.HIGH: 2,
    IncidentSeverity.MEDIUM: 1,
    IncidentSeverity.LOW: 1,
}
MAX_ACTIONS = 3
MIN_WHYS, MAX_WHYS = 3, 7
