from django.urls import path, re_path

from learnings.feeds import learning as feeds
from learnings.views import learning as views

app_name = "learnings"
urlpatterns = [
    path("", views.learning_list, name="learning_list"),
    path("feed.atom", feeds.published, name="learning_feed"),
    path("new/", views.learning_create, name="learning_create"),
    path("preview/", views.learning_preview, name="learning_preview"),
    path("<str:reference>/", views.learning_detail, name="learning_detail"),
    path("<str:reference>/edit/", views.learning_edit, name="learning_edit"),
    re_path(
        r"^(?P<reference>[^/]+)/(?P<step>take|publish|withdraw|discard|restore)/$",
        views.learning_step,
        name="learning_step",
    ),
]
