from django.urls import path, re_path

from saved import views

app_name = "saved"
urlpatterns = [
    path("", views.view_list, name="view_list"),
    path("new/", views.view_new, name="view_new"),
    path("counts/<str:name>/", views.view_counts, name="view_counts"),
    path("<int:pk>/", views.view_open, name="view_open"),
    path("<int:pk>/subscription/", views.view_subscribe, name="view_subscribe"),
    path("<int:pk>/edit/", views.view_edit, name="view_edit"),
    re_path(r"^(?P<pk>\d+)/(?P<step>delete|restore)/$", views.view_step, name="view_step"),
]
