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
    (IncidentState.OPEN, IncidentState.WITHDRAWN): "incidents.incident_withdrawn",
    (IncidentState.MITIGATED, IncidentState.WITHDRAWN): "incidents.incident_withdrawn",
    (IncidentState.WITHDRAWN, IncidentState.OPEN): "incidents.incident_reopened",
}
