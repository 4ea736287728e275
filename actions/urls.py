from django.urls import path, re_path

from actions import views

app_name = "actions"
urlpatterns = [
    path("", views.action_list, name="action_list"),
    path("board/", views.action_board, name="action_board"),
    path("new/", views.action_create, name="action_create"),
    path("<str:reference>/", views.action_detail, name="action_detail"),
    path("<str:reference>/edit/", views.action_edit, name="action_edit"),
    path("<str:reference>/take/", views.action_take, name="action_take"),
    re_path(
        r"^(?P<reference>[^/]+)/(?P<step>start|put-back|block|finish|drop|reopen)/$",
        views.action_step,
        name="action_step",
    ),
]
