"""The kinds of objects of this room."""

from history.documents import Texts
from incidents.models import Incident
from kit.kinds import Kind, Page

KINDS = (
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
