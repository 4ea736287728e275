from django.urls import path, re_path

from actions.views import action as views
from actions.views import action_list, board, bulk, follow_through

app_name = "actions"
urlpatterns = [
    path("", action_list.action_list, name="action_list"),
    path("board/", board.action_board, name="action_board"),
    path("export/", action_list.action_export, name="action_export"),
    path("bulk/", bulk.action_bulk_change, name="action_bulk"),
    path("bulk/undo/", bulk.action_bulk_restore, name="action_bulk_undo"),
    path("follow-through/", follow_through.follow_through, name="follow_through"),
    path("new/", views.action_create, name="action_create"),
    path("<str:reference>/", views.action_detail, name="action_detail"),
    path("<str:reference>/edit/", views.action_edit, name="action_edit"),
    path("<str:reference>/take/", views.action_take, name="action_take"),
    re_path(
        r"^(?P<reference>[^/]+)/(?P<step>start|put-back|block|finish|drop|reopen)/$",
        views.action_step,
        name="action_step",
    ),
    re_path(
        r"^(?P<reference>[^/]+)/set/(?P<name>open|doing|blocked|done|dropped)/$",
        views.action_set,
        name="action_set",
    ),
]
