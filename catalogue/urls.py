from django.urls import path, re_path

from catalogue.views import alias, change_request, decision_right, deployment, model, version, workflow

app_name = "catalogue"
urlpatterns = [
    path("", model.model_list, name="model_list"),
    path("new/", model.model_create, name="model_create"),
    path("decision-rights/", decision_right.right_list, name="right_list"),
    path("decision-rights/new/", decision_right.right_create, name="right_create"),
    path("decision-rights/<int:pk>/", decision_right.right_detail, name="right_detail"),
    path("decision-rights/<int:pk>/edit/", decision_right.right_edit, name="right_edit"),
    path("decision-rights/<int:pk>/withdraw/", decision_right.right_withdraw, name="right_withdraw"),
    path("change-requests/", change_request.change_list, name="change_list"),
    path("change-requests/new/", change_request.change_create, name="change_create"),
    path("change-requests/<str:reference>/", change_request.change_detail, name="change_detail"),
    path("change-requests/<str:reference>/edit/", change_request.change_edit, name="change_edit"),
    re_path(
        r"^change-requests/(?P<reference>[^/]+)/(?P<step>sign|decline|withdraw|check)/$",
        change_request.change_step,
        name="change_step",
    ),
    path("workflows/", workflow.workflow_list, name="workflow_list"),
    path("workflows/new/", workflow.workflow_create, name="workflow_create"),
    path("workflows/<int:pk>/", workflow.workflow_detail, name="workflow_detail"),
    path("workflows/<int:pk>/edit/", workflow.workflow_edit, name="workflow_edit"),
    path("workflows/<int:pk>/versions/", workflow.workflow_versions, name="workflow_versions"),
    re_path(
        r"^workflows/(?P<pk>[0-9]+)/(?P<step>retire|restore)/$",
        workflow.workflow_step,
        name="workflow_step",
    ),
    path("versions/<int:pk>/", version.version_detail, name="version_detail"),
    path("versions/<int:pk>/edit/", version.version_edit, name="version_edit"),
    path("aliases/new/", alias.alias_create, name="alias_create"),
    path("aliases/<int:pk>/remove/", alias.alias_remove, name="alias_remove"),
    path("<slug:slug>/aliases/", alias.model_aliases, name="model_aliases"),
    path("deployments/", deployment.deployment_list, name="deployment_list"),
    path("deployments/<int:pk>/", deployment.deployment_detail, name="deployment_detail"),
    path("deployments/<int:pk>/edit/", deployment.deployment_edit, name="deployment_edit"),
    path("deployments/<int:pk>/outcome/", deployment.deployment_outcome, name="deployment_outcome"),
    path("<slug:slug>/deployments/new/", deployment.deployment_create, name="deployment_create"),
    path("<slug:slug>/versions/", version.model_versions, name="model_versions"),
    path("<slug:slug>/versions/new/", version.version_create, name="version_create"),
    path("id/<int:pk>/", model.model_by_id, name="model_by_id"),
    path("<slug:slug>/", model.model_detail, name="model_detail"),
    path("<slug:slug>/edit/", model.model_edit, name="model_edit"),
    path("<slug:slug>/stage/", model.model_stage, name="model_stage"),
]
