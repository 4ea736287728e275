from django.urls import path, re_path

from learnings.feeds import learning as feeds
from learnings.views import feed_address, reading, recognition, use, week
from learnings.views import learning as views

app_name = "learnings"
urlpatterns = [
    path("", views.learning_list, name="learning_list"),
    path("feed.atom", feeds.published, name="learning_feed"),
    path("feeds/", feed_address.address, name="address"),
    path("feeds/new/", feed_address.address_create, name="address_create"),
    path("feeds/<int:pk>/renew/", feed_address.address_renew, name="address_renew"),
    path("feeds/<int:pk>/end/", feed_address.address_end, name="address_end"),
    path("feeds/<str:secret>.atom", feeds.at_address, name="feed_at_address"),
    path("new/", views.learning_create, name="learning_create"),
    path("preview/", views.learning_preview, name="learning_preview"),
    path("of-the-week/", week.of_week, name="of_week"),
    path("read/", reading.read_all, name="read_all"),
    path("uses/<int:pk>/withdraw/", use.use_withdraw, name="use_withdraw"),
    path("recognitions/", recognition.recognition_list, name="recognition_list"),
    path("recognitions/new/", recognition.recognition_create, name="recognition_create"),
    path("recognitions/<int:pk>/", recognition.recognition_detail, name="recognition_detail"),
    path("recognitions/<int:pk>/edit/", recognition.recognition_edit, name="recognition_edit"),
    path("recognitions/<int:pk>/withdraw/", recognition.recognition_withdraw, name="recognition_withdraw"),
    path("<str:reference>/", views.learning_detail, name="learning_detail"),
    path("<str:reference>/edit/", views.learning_edit, name="learning_edit"),
    path("<str:reference>/judge/", views.learning_judge, name="learning_judge"),
    path("<str:reference>/use/", use.use_create, name="use_create"),
    path("<str:reference>/read/", reading.learning_read, name="learning_read"),
    path("<str:reference>/vote/", week.learning_vote, name="learning_vote"),
    path("<str:reference>/choose/", week.learning_choose, name="learning_choose"),
    re_path(
        r"^(?P<reference>[^/]+)/(?P<step>take|publish|withdraw|discard|restore)/$",
        views.learning_step,
        name="learning_step",
    ),
]
