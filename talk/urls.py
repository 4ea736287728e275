from django.urls import path, re_path

from talk.views import comment, file, tag

app_name = "talk"
urlpatterns = [
    path("comments/", comment.comment_create, name="comment_create"),
    path("comments/preview/", comment.comment_preview, name="comment_preview"),
    path("comments/people/", comment.people_to_mention, name="people_to_mention"),
    path("comments/watch/", comment.watch, name="watch"),
    path("comments/<int:pk>/", comment.comment, name="comment"),
    path("comments/<int:pk>/edit/", comment.comment_edit, name="comment_edit"),
    path("comments/<int:pk>/history/", comment.comment_history, name="comment_history"),
    re_path(r"^comments/(?P<pk>\d+)/(?P<step>remove|restore)/$", comment.comment_step, name="comment_step"),
    path("comments/<int:pk>/react/", comment.comment_react, name="comment_react"),
    path("files/", file.file_add, name="file_add"),
    path("files/<int:pk>/", file.file, name="file"),
    re_path(r"^files/(?P<pk>\d+)/(?P<step>remove|restore)/$", file.file_step, name="file_step"),
    # The name is for people and for downloads: only the number selects the file.
    path("files/<int:pk>/<str:name>", file.file_content, name="file_content"),
    path("tags/", tag.tag_list, name="tag_list"),
    path("tags/edit/", tag.tag_edit, name="tag_edit"),
    re_path(r"^tags/(?P<step>rename|merge|retire|restore)/$", tag.tag_step, name="tag_step"),
]
