from django.urls import path, re_path

from signals.views import (
    breach,
    chart_file,
    dashboard,
    delivery,
    pattern,
    series,
    snapshot,
    source,
    threshold,
)

app_name = "signals"
urlpatterns = [
    path("breaches/", breach.breach_list, name="breach_list"),
    path("breaches/<str:reference>/", breach.breach_detail, name="breach_detail"),
    path("patterns/", pattern.pattern_list, name="pattern_list"),
    path("series/<int:pk>/", series.series_detail, name="series_detail"),
    path("series/<int:pk>/edit/", series.series_edit, name="series_edit"),
    path("series/<int:pk>/propose/", threshold.propose_first, name="threshold_create"),
    re_path(
        r"^series/(?P<pk>[0-9]+)/chart\.(?P<form>svg|png|csv)$",
        chart_file.series_file,
        name="series_file",
    ),
    path("dashboards/", dashboard.dashboard_list, name="dashboard_list"),
    path("dashboards/new/", dashboard.dashboard_create, name="dashboard_create"),
    path("dashboards/<int:pk>/", dashboard.dashboard_detail, name="dashboard_detail"),
    path("dashboards/<int:pk>/edit/", dashboard.dashboard_edit, name="dashboard_edit"),
    path("dashboards/<int:pk>/versions/", dashboard.dashboard_versions, name="dashboard_versions"),
    path("dashboards/<int:pk>/back/", dashboard.dashboard_go_back, name="dashboard_go_back"),
    path("dashboards/<int:pk>/snapshot/", dashboard.snapshot_create, name="snapshot_create"),
    re_path(
        r"^dashboards/(?P<pk>[0-9]+)/(?P<name>retire|restore)/$",
        dashboard.dashboard_step,
        name="dashboard_step",
    ),
    path("dashboards/model/<slug:slug>/", dashboard.dashboard_of_model, name="dashboard_of_model"),
    path("dashboards/model/<slug:slug>/snapshot/", dashboard.snapshot_of_model, name="snapshot_of_model"),
    path("dashboards/team/<slug:slug>/", dashboard.dashboard_of_team, name="dashboard_of_team"),
    path("dashboards/team/<slug:slug>/snapshot/", dashboard.snapshot_of_team, name="snapshot_of_team"),
    path("dashboards/focus/<slug:kind>/", dashboard.dashboard_of_focus, name="dashboard_of_focus"),
    path("dashboards/focus/<slug:kind>/snapshot/", dashboard.snapshot_of_focus, name="snapshot_of_focus"),
    path("snapshots/", snapshot.snapshot_list, name="snapshot_list"),
    path("snapshots/<int:pk>/", snapshot.snapshot_detail, name="snapshot_detail"),
    path("thresholds/<int:pk>/", threshold.threshold_detail, name="threshold_detail"),
    path("thresholds/<int:pk>/propose/", threshold.propose_next, name="threshold_propose"),
    path("versions/<int:pk>/agree/", threshold.agree, name="threshold_agree"),
    path("versions/<int:pk>/decline/", threshold.decline, name="threshold_decline"),
    path("sources/", source.source_list, name="source_list"),
    path("sources/new/", source.source_create, name="source_create"),
    path("sources/<int:pk>/", source.source_detail, name="source_detail"),
    path("sources/<int:pk>/edit/", source.source_edit, name="source_edit"),
    path("sources/<int:pk>/test/", delivery.source_test, name="source_test"),
    path(
        "sources/<int:pk>/deliveries/<int:number>/replay/", delivery.delivery_replay, name="delivery_replay"
    ),
]
