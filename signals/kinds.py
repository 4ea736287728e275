"""The kinds of objects of this room."""

from history.documents import Texts
from kit.kinds import Kind, Page
from signals.models import BreachGroup, Dashboard, Series, Snapshot, Source, Threshold

KINDS = (
    Kind(
        BreachGroup,
        "Breach",
        "Breaches",
        icon="activity-heartbeat",
        page=Page("signals:breach_detail"),
        permission="signals.view",
        search_rank=20,
        texts=Texts(names=("model_name",)),
    ),
    Kind(
        Dashboard,
        "Dashboard",
        "Dashboards",
        icon="layout-dashboard",
        page=Page("signals:dashboard_detail", "object_id"),
        permission="signals.view",
        watched_by=("author_id",),
        search_rank=104,
        texts=Texts(body=("purpose",), names=("model__name", "team__name")),
    ),
    Kind(
        Snapshot,
        "Snapshot",
        "Snapshots",
        icon="pin",
        page=Page("signals:snapshot_detail", "object_id"),
        permission="signals.view",
        search_rank=125,
    ),
    Kind(
        Series,
        "Series",
        "Series",
        icon="chart-line",
        page=Page("signals:series_detail", "object_id"),
        permission="signals.view",
        search_rank=110,
        texts=Texts(names=("model_name",)),
    ),
    Kind(
        Threshold,
        "Threshold",
        "Thresholds",
        icon="ruler-measure",
        page=Page("signals:threshold_detail", "object_id"),
        permission="signals.view",
        search_rank=120,
        texts=Texts(body=("series__model_name",)),
    ),
    Kind(
        Source,
        "Source",
        "Sources",
        icon="plug",
        page=Page("signals:source_detail", "object_id"),
        permission="signals.view",
        search_rank=130,
    ),
)
