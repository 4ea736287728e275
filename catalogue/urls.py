from django.urls import path

from catalogue import views

app_name = "catalogue"
urlpatterns = [
    path("", views.model_list, name="model_list"),
    path("new/", views.model_create, name="model_create"),
    path("id/<int:pk>/", views.model_by_id, name="model_by_id"),
    path("<slug:slug>/", views.model_detail, name="model_detail"),
    path("<slug:slug>/edit/", views.model_edit, name="model_edit"),
    path("<slug:slug>/stage/", views.model_stage, name="model_stage"),
]
