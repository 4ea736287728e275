from django.urls import path

from bench.yardstick import views

urlpatterns = [
    path("livez", views.livez),
    path("values", views.values),
    path("values/<str:kind>", views.values_of),
    path("one/<str:kind>/<int:pk>", views.One.as_view()),
    path("drf", views.Listed.as_view()),
    path("drf/<int:pk>", views.Detail.as_view()),
    path("created", views.Created.as_view()),
    path("rows", views.rows),
    path("search", views.search),
    path("typed", views.typed),
    path("points", views.points),
    path("alerts", views.Alerts.as_view()),
]
