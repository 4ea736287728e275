from django.urls import path

from catalogue import views

app_name = "catalogue"
urlpatterns = [
    path("", views.model_list, name="model_list"),
    path("new/", views.model_create, name="model_create"),
    path("decision-rights/", views.right_list, name="right_list"),
    path("decision-rights/new/", views.right_create, name="right_create"),
    path("decision-rights/<int:pk>/", views.right_detail, name="right_detail"),
    path("decision-rights/<int:pk>/edit/", views.right_edit, name="right_edit"),
    path("decision-rights/<int:pk>/withdraw/", views.right_withdraw, name="right_withdraw"),
    path("id/<int:pk>/", views.model_by_id, name="model_by_id"),
    path("<slug:slug>/", views.model_detail, name="model_detail"),
    path("<slug:slug>/edit/", views.model_edit, name="model_edit"),
    path("<slug:slug>/stage/", views.model_stage, name="model_stage"),
]
