from django.urls import path

from bench.yardstick import views

urlpatterns = [
    path("livez", views.livez),
    path("values", views.values),
    path("drf", views.Listed.as_view()),
    path("rows", views.rows),
    path("points", views.points),
    path("alerts", views.Alerts.as_view()),
]
