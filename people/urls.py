from django.urls import path

from people.views import account, person, sign_in, team

app_name = "people"
urlpatterns = [
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("set-up/<str:secret>/", sign_in.set_up, name="set_up"),
    path("password/<int:pk>/<str:token>/", sign_in.password_link, name="password_link"),
    path("me/", account.account, name="account"),
    path("me/password/", account.change_password, name="change_password"),
    path("me/tokens/", account.make_token, name="make_token"),
    path("me/away/", account.be_away, name="be_away"),
    path("me/away/<int:pk>/back/", account.be_back, name="be_back"),
    path("tokens/<int:pk>/revoke/", account.revoke_token, name="revoke_token"),
    path("", person.person_list, name="person_list"),
    path("new/", person.person_create, name="person_create"),
    path("<int:pk>/", person.person_detail, name="person_detail"),
    path("<int:pk>/change/", person.person_change, name="person_change"),
    path("<int:pk>/role/", person.person_set_role, name="person_set_role"),
    path("<int:pk>/link/", person.person_link, name="person_link"),
    path("<int:pk>/deactivate/", person.person_deactivate, name="person_deactivate"),
    path("<int:pk>/reactivate/", person.person_reactivate, name="person_reactivate"),
    path("teams/", team.team_list, name="team_list"),
    path("teams/new/", team.team_create, name="team_create"),
    path("teams/id/<int:pk>/", team.team_by_id, name="team_by_id"),
    path("teams/<slug:slug>/", team.team_detail, name="team_detail"),
    path("teams/<slug:slug>/change/", team.team_change, name="team_change"),
    path("teams/<slug:slug>/members/", team.team_join, name="team_join"),
    path("teams/<slug:slug>/members/<int:pk>/leave/", team.team_leave, name="team_leave"),
    path("settings/", team.settings, name="settings"),
    path("settings/days-off/", team.day_off_add, name="day_off_add"),
    path("settings/days-off/<str:day>/remove/", team.day_off_remove, name="day_off_remove"),
    path("functions/new/", team.function_create, name="function_create"),
]
