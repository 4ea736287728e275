from django.urls import path, re_path

from incidents.views import duty, handling, incident_list, postmortem
from incidents.views import incident as views

app_name = "incidents"
urlpatterns = [
    path("", incident_list.incident_list, name="incident_list"),
    path("export/", incident_list.incident_export, name="incident_export"),
    path("reviews/", postmortem.postmortem_list, name="postmortem_list"),
    path("reviews/<int:pk>/", postmortem.postmortem_by_id, name="postmortem_by_id"),
    path("duties/", duty.duty_list, name="duty_list"),
    path("duties/new/", duty.duty_create, name="duty_create"),
    path("duties/<int:pk>/edit/", duty.duty_edit, name="duty_edit"),
    re_path(r"^duties/(?P<pk>[0-9]{1,18})/(?P<step>retire|restore)/$", duty.duty_step, name="duty_step"),
    path("mine/", incident_list.mine, name="mine"),
    path("new/", views.incident_create, name="incident_create"),
    path("<str:reference>/", views.incident_detail, name="incident_detail"),
    path("<str:reference>/edit/", views.incident_edit, name="incident_edit"),
    path("<str:reference>/visibility/", views.incident_sight, name="incident_sight"),
    path("<str:reference>/review/", postmortem.postmortem_detail, name="postmortem_detail"),
    path("<str:reference>/review/edit/", postmortem.postmortem_edit, name="postmortem_edit"),
    path("<str:reference>/review/risk/", postmortem.postmortem_risk, name="postmortem_risk"),
    path("<str:reference>/review/actions/", postmortem.postmortem_act, name="postmortem_act"),
    path("<str:reference>/review/finish/", postmortem.postmortem_finish, name="postmortem_finish"),
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
