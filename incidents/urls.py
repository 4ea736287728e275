from django.urls import path, re_path

from incidents.views import handling, incident_list
from incidents.views import incident as views

app_name = "incidents"
urlpatterns = [
    path("", incident_list.incident_list, name="incident_list"),
    path("export/", incident_list.incident_export, name="incident_export"),
    path("new/", views.incident_create, name="incident_create"),
    path("<str:reference>/", views.incident_detail, name="incident_detail"),
    path("<str:reference>/edit/", views.incident_edit, name="incident_edit"),
    path("<str:reference>/visibility/", views.incident_sight, name="incident_sight"),
    path("<str:reference>/roles/", handling.role_assign, name="role_assign"),
    path("<str:reference>/roles/take/", handling.role_take, name="role_take"),
    path("<str:reference>/timeline/", handling.timeline_add, name="timeline_add"),
    path("<str:reference>/timeline/<int:pk>/edit/", handling.timeline_edit, name="timeline_edit"),
    path("<str:reference>/timeline/<int:pk>/remove/", handling.timeline_remove, name="timeline_remove"),
    path("<str:reference>/updates/", handling.update_send, name="update_send"),
    path("<str:reference>/models/", handling.model_add, name="model_add"),
    path("<str:reference>/models/<int:pk>/remove/", handling.model_remove, name="model_remove"),
    re_path(
        r"^(?P<reference>[^/]+)/(?P<step>mitigate|resolve|reopen|withdraw)/$",
        views.incident_step,
        name="incident_step",
    ),
]
