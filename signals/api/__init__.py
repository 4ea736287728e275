"""The API resources of this room: (address, view)."""

from signals.api import breach, chart, dashboard, delivery, pattern, point, series, source, threshold

RESOURCES = [
    ("series", series.SeriesList),
    ("series/<str:key>", series.MetricSeriesItem),
    ("thresholds", threshold.Thresholds),
    ("thresholds/<str:key>", threshold.ThresholdItem),
    ("thresholds/<str:key>/propose", threshold.Propose),
    ("threshold-versions", threshold.Versions),
    ("threshold-versions/<str:key>", threshold.VersionItem),
    ("threshold-versions/<str:key>/agree", threshold.Agree),
    ("threshold-versions/<str:key>/decline", threshold.Decline),
    ("breaches", breach.Breaches),
    ("breaches/<str:key>", breach.BreachItem),
    *pattern.RESOURCES,
    *dashboard.RESOURCES,
    *chart.RESOURCES,
    *point.RESOURCES,
    ("sources", source.Sources),
    ("sources/<str:key>", source.SourceItem),
    *delivery.RESOURCES,
]
