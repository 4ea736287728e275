"""The addresses of the meetings. The reference of a meeting comes last, because it matches any word."""

from django.urls import path, re_path

from meetings import feeds
from meetings.views import (
    agenda_template,
    calendar,
    check_in,
    decision,
    duties,
    item,
    live,
    live_item,
    meeting,
    memory,
    minutes,
    outcome,
    series,
    settlement,
    swap,
    tripwire,
)

app_name = "meetings"

SERIES = [
    path("series/new/", series.series_create, name="series_create"),
    path("series/<int:pk>/", series.series_detail, name="series_detail"),
    path("series/<int:pk>/edit/", series.series_edit, name="series_edit"),
    path("series/<int:pk>/publish/", series.series_publish, name="series_publish"),
    path("series/<int:pk>/meetings/new/", series.series_extra, name="series_extra"),
    path("series/<int:pk>/retire/", series.series_retire, name="series_retire"),
    path("series/<int:pk>/focuses/new/", series.focus_create, name="focus_create"),
    path("focuses/<int:pk>/edit/", series.focus_edit, name="focus_edit"),
    re_path(r"^focuses/(?P<pk>[0-9]{1,18})/(?P<way>up|down)/$", series.focus_shift, name="focus_shift"),
    path("focuses/<int:pk>/retire/", series.focus_retire, name="focus_retire"),
]
AGENDA_TEMPLATES = [
    path("agenda-templates/", agenda_template.agenda_template_list, name="agenda_template_list"),
    path("agenda-templates/new/", agenda_template.agenda_template_create, name="agenda_template_create"),
    path("agenda-templates/<int:pk>/", agenda_template.agenda_template_detail, name="agenda_template_detail"),
    path(
        "agenda-templates/<int:pk>/edit/", agenda_template.agenda_template_edit, name="agenda_template_edit"
    ),
    re_path(
        r"^agenda-templates/(?P<pk>[0-9]{1,18})/(?P<name>retire|restore)/$",
        agenda_template.agenda_template_step,
        name="agenda_template_step",
    ),
]
CALENDAR = [
    path("duties-done/", duties.duties, name="duties"),
    path("calendar/", calendar.calendar, name="calendar"),
    path("calendar/new/", calendar.calendar_create, name="calendar_create"),
    path("calendar/<int:pk>/renew/", calendar.calendar_renew, name="calendar_renew"),
    path("calendar/<int:pk>/end/", calendar.calendar_end, name="calendar_end"),
    path("calendar/<str:secret>.ics", feeds.calendar, name="calendar_feed"),
]
ITEMS = [
    path("items/place/", item.item_place, name="item_place"),
    path("items/<int:pk>/edit/", item.item_edit, name="item_edit"),
    re_path(r"^items/(?P<pk>[0-9]{1,18})/(?P<way>up|down)/$", item.item_shift, name="item_shift"),
    path("items/<int:pk>/take-off/", item.item_take_off, name="item_take_off"),
    path("items/<int:pk>/put-back/", item.item_put_back, name="item_put_back"),
    path("items/<int:pk>/contest/", settlement.item_contest, name="item_contest"),
    path("items/<int:pk>/withdraw-contest/", settlement.item_withdraw_contest, name="item_withdraw_contest"),
    path("items/<int:pk>/take-up/", live_item.item_take_up, name="item_take_up"),
    path("items/<int:pk>/pause/", live_item.item_pause, name="item_pause"),
    path("items/<int:pk>/resume/", live_item.item_resume, name="item_resume"),
    path("items/<int:pk>/back/", live_item.item_back, name="item_back"),
    path("items/<int:pk>/park/", live_item.item_park, name="item_park"),
    path("items/<int:pk>/take-back/", live_item.item_take_back, name="item_take_back"),
    path("items/<int:pk>/extend/", live_item.item_extend, name="item_extend"),
    path("items/<int:pk>/finish/", live_item.item_finish, name="item_finish"),
    path("items/<int:pk>/note/", live_item.item_note, name="item_note"),
    path("items/<int:pk>/record/", live_item.item_record, name="item_record"),
    path("items/<int:pk>/decide/", live_item.item_decide, name="item_decide"),
    path("items/<int:pk>/act/", live_item.item_act, name="item_act"),
]
CHECK_INS = [
    path("memory/models/<slug:slug>/", memory.memory_of_model, name="memory_of_model"),
    path("memory/teams/<slug:slug>/", memory.memory_of_team, name="memory_of_team"),
    path("check-ins/", check_in.check_in_list, name="check_in_list"),
    path("check-ins/new/", check_in.check_in_create, name="check_in_create"),
    path("check-ins/<int:pk>/", check_in.check_in_detail, name="check_in_detail"),
    path("check-ins/<int:pk>/edit/", check_in.check_in_edit, name="check_in_edit"),
    path("check-ins/<int:pk>/attach/", check_in.check_in_attach, name="check_in_attach"),
    path("check-ins/<int:pk>/place/", check_in.check_in_place, name="check_in_place"),
    path("check-ins/<int:pk>/action/", check_in.check_in_act, name="check_in_act"),
    path("check-ins/<int:pk>/experiment/", check_in.check_in_experiment, name="check_in_experiment"),
    path("check-ins/<int:pk>/risk/", check_in.check_in_risk, name="check_in_risk"),
]
SWAPS = [
    path("swaps/<int:pk>/accept/", swap.swap_accept, name="swap_accept"),
    path("swaps/<int:pk>/decline/", swap.swap_decline, name="swap_decline"),
    path("swaps/<int:pk>/withdraw/", swap.swap_withdraw, name="swap_withdraw"),
]
DECISIONS = [
    path("decisions/", decision.decision_list, name="decision_list"),
    path("decisions/export/", decision.decision_export, name="decision_export"),
    path("decisions/new/", decision.decision_create, name="decision_create"),
    path("decisions/<str:reference>/complete/", decision.decision_complete, name="decision_complete"),
    path("decisions/<str:reference>/", decision.decision_detail, name="decision_detail"),
    path("decisions/<str:reference>/outcome/", outcome.decision_outcome, name="decision_outcome"),
    path("decisions/<str:reference>/tripwires/", tripwire.decision_tripwire, name="decision_tripwire"),
    path("tripwires/<int:pk>/remove/", tripwire.tripwire_remove, name="tripwire_remove"),
]
MEETINGS = [
    path("<str:reference>/live/", live.meeting_live, name="meeting_live"),
    path("<str:reference>/pulse/", live.meeting_pulse, name="meeting_pulse"),
    path("<str:reference>/control/take/", live.meeting_take_control, name="meeting_take_control"),
    path("<str:reference>/control/hand-over/", live.meeting_hand_over, name="meeting_hand_over"),
    path("<str:reference>/attend/", live.meeting_attend, name="meeting_attend"),
    path("<str:reference>/close/", live.meeting_close, name="meeting_close"),
    path("<str:reference>/minutes/", minutes.meeting_minutes, name="meeting_minutes"),
    path("<str:reference>/minutes/correct/", minutes.minutes_correct, name="minutes_correct"),
    path("<str:reference>/handover/", minutes.handover_take, name="handover_take"),
    path("<str:reference>/", meeting.meeting_detail, name="meeting_detail"),
    path("<str:reference>/take/", meeting.meeting_take, name="meeting_take"),
    path("<str:reference>/swap/", swap.swap_ask, name="swap_ask"),
    path("<str:reference>/settle/", settlement.meeting_settle, name="meeting_settle"),
    path("<str:reference>/publish/", meeting.meeting_publish, name="meeting_publish"),
    path("<str:reference>/start/", meeting.meeting_start, name="meeting_start"),
    path("<str:reference>/cancel/", meeting.meeting_cancel, name="meeting_cancel"),
    path("<str:reference>/reinstate/", meeting.meeting_reinstate, name="meeting_reinstate"),
    path("<str:reference>/move/", meeting.meeting_move, name="meeting_move"),
    path("<str:reference>/objective/", meeting.meeting_objective, name="meeting_objective"),
    path("<str:reference>/items/", item.item_add, name="item_add"),
]
urlpatterns = [
    path("", meeting.meeting_list, name="meeting_list"),
    *SERIES,
    *AGENDA_TEMPLATES,
    *CALENDAR,
    *ITEMS,
    *CHECK_INS,
    *SWAPS,
    *DECISIONS,
    *MEETINGS,
]
