from django.urls import path, re_path

from leaders.views import goal, overview, sponsor

app_name = "leaders"
urlpatterns = [
    path("", overview.executive, name="executive"),
    path("answers/<str:reference>/", sponsor.sponsor_answer, name="sponsor_answer"),
    path("acceptances/<int:pk>/", sponsor.acceptance_answer, name="acceptance_answer"),
    path("hours/", sponsor.allotment_create, name="allotment_create"),
    path("goals/", goal.goal_list, name="goal_list"),
    path("goals/new/", goal.goal_create, name="goal_create"),
    path("goals/<int:pk>/", goal.goal_detail, name="goal_detail"),
    path("goals/<int:pk>/edit/", goal.goal_edit, name="goal_edit"),
    re_path(r"^goals/(?P<pk>[0-9]+)/(?P<step>figure|settle|drop|reopen)/$", goal.goal_step, name="goal_step"),
]
