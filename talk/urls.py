from django.urls import path, re_path

from talk import views

app_name = "talk"
urlpatterns = [
    path("", views.comment_create, name="comment_create"),
    path("preview/", views.comment_preview, name="comment_preview"),
    path("people/", views.people_to_mention, name="people_to_mention"),
    path("watch/", views.watch, name="watch"),
    path("<int:pk>/", views.comment, name="comment"),
    path("<int:pk>/edit/", views.comment_edit, name="comment_edit"),
    path("<int:pk>/history/", views.comment_history, name="comment_history"),
    re_path(r"^(?P<pk>\d+)/(?P<step>remove|restore)/$", views.comment_step, name="comment_step"),
]
