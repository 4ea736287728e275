from django.urls import path

from tests.notebook import views

app_name = "notebook"
urlpatterns = [
    path("", views.note_list, name="note_list"),
    path("new/", views.note_create, name="note_create"),
    path("<str:reference>/", views.note_detail, name="note_detail"),
]
