from django.urls import path

from signals.views import breach, series, source, threshold

app_name = "signals"
urlpatterns = [
    path("breaches/", breach.breach_list, name="breach_list"),
    path("breaches/<str:reference>/", breach.breach_detail, name="breach_detail"),
    path("series/<int:pk>/", series.series_detail, name="series_detail"),
    path("series/<int:pk>/edit/", series.series_edit, name="series_edit"),
    path("series/<int:pk>/propose/", threshold.propose_first, name="threshold_create"),
    path("thresholds/<int:pk>/", threshold.threshold_detail, name="threshold_detail"),
    path("thresholds/<int:pk>/propose/", threshold.propose_next, name="threshold_propose"),
    path("versions/<int:pk>/agree/", threshold.agree, name="threshold_agree"),
    path("versions/<int:pk>/decline/", threshold.decline, name="threshold_decline"),
    path("sources/", source.source_list, name="source_list"),
    path("sources/new/", source.source_create, name="source_create"),
    path("sources/<int:pk>/", source.source_detail, name="source_detail"),
    path("sources/<int:pk>/edit/", source.source_edit, name="source_edit"),
]
