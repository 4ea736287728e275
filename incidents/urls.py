from django.urls import path, re_path

from incidents.views import incident as views
from incidents.views import incident_list

app_name = "incidents"
urlpatterns = [
    path("", incident_list.incident_list, name="incident_list"),
    path("export/", incident_list.incident_export, name="incident_export"),
    path("new/", views.incident_create, name="incident_create"),
    path("<str:reference>/", views.incident_detail, name="incident_detail"),
    path("<str:reference>/edit/", views.incident_edit, name="incident_edit"),
    path("<str:reference>/visibility/", views.incident_sight, name="incident_sight"),
    re_path(
        r"^(?P<reference>[^/]+)/(?P<step>mitigate|resolve|reopen|withdraw)/$",
        views.incident_step,
        name="incident_step",
    ),
]
