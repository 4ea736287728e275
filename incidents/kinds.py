"""The kinds of objects of this room."""

from history.documents import Texts
from incidents.models import Incident, Postmortem, ReportingDuty
from kit.kinds import Kind, NoPage, Page

KINDS = (
    Kind(
        Postmortem,
        "Post-incident review",
        "Post-incident reviews",
        icon="report-analytics",
        page=Page("incidents:postmortem_by_id", "object_id"),
        permission="incidents.incident_view",
        search_rank=14,
        texts=Texts(body=("factors", "went_well", "lessons"), tags=("whys",)),
    ),
    Kind(
        ReportingDuty,
        "Reporting duty",
        "Reporting duties",
        icon="send",
        page=NoPage("on the list of reporting duties"),
        permission="incidents.incident_view",
        is_discussed=False,
    ),
    Kind(
        Incident,
        "Incident",
        "Incidents",
        icon="alert-triangle",
        page=Page("incidents:incident_detail"),
        permission="incidents.incident_view",
        watched_by=("lead_id", "scribe_id", "communications_id", "declared_by_id"),
        search_rank=12,
        texts=Texts(body=("summary", "affected"), names=("lead__name",)),
    ),
)
