from django.urls import path, re_path

from learnings.feeds import learning as feeds
from learnings.views import feed_address, reading, recognition, session, use, week
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
    path("sessions/", session.session_list, name="session_list"),
    path("sessions/new/", session.session_create, name="session_create"),
    path("sessions/<int:pk>/", session.session_detail, name="session_detail"),
    path("sessions/<int:pk>/edit/", session.session_edit, name="session_edit"),
    path("sessions/<int:pk>/cancel/", session.session_cancel, name="session_cancel"),
    path("sessions/<int:pk>/reinstate/", session.session_reinstate, name="session_reinstate"),
    path("sessions/<int:pk>/attendance/", session.session_attendance, name="session_attendance"),
    path("sessions/<int:pk>/sign-up/", session.session_sign_up, name="session_sign_up"),
    path("sessions/<int:pk>/withdraw/", session.session_withdraw, name="session_withdraw"),
    path("sessions/<int:pk>/learning/", session.session_follow_up, name="session_follow_up"),
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
