"""The kinds of objects of this room, with their pages and search texts."""

from django.db.models import Q

from history.documents import PartTexts, Texts
from kit.kinds import Kind, Page
from meetings.models import AgendaItem, AgendaTemplate, CheckIn, Decision, Meeting, MeetingSeries

KINDS = (
    Kind(
        Decision,
        "Decision",
        "Decisions",
        icon="gavel",
        page=Page("meetings:decision_detail"),
        permission="meetings.decision_view",
        search_rank=60,
        texts=Texts(body=("text", "reason", "no_action_reason", "options", "dissent", "outcome_note")),
    ),
    Kind(
        CheckIn,
        "Check-in",
        "Check-ins",
        icon="message-plus",
        page=Page("meetings:check_in_detail", "object_id"),
        permission="meetings.check_in_view",
        watched_by=("author_id",),
        search_rank=95,
        texts=Texts(body=("text",), names=("author__name", "model__name")),
    ),
    Kind(
        Meeting,
        "Meeting",
        "Meetings",
        icon="microphone",
        page=Page("meetings:meeting_detail"),
        permission="meetings.meeting_view",
        search_rank=70,
        texts=Texts(
            body=("why", "objective", "improvement"),
            names=("facilitator__name", "stand_in__name"),
            # A reader of a meeting may not see the subject of an item: only items without one are searched.
            parts=(PartTexts(AgendaItem, ("title", "why", "notes"), only=Q(about__isnull=True)),),
        ),
    ),
    Kind(
        MeetingSeries,
        "Meeting series",
        "Meeting series",
        icon="calendar-repeat",
        page=Page("meetings:series_detail", "object_id"),
        permission="meetings.meeting_view",
        search_rank=80,
        texts=Texts(body=("purpose", "place"), names=("sponsor__name",)),
    ),
    Kind(
        AgendaTemplate,
        "Agenda template",
        "Agenda templates",
        icon="list-details",
        page=Page("meetings:agenda_template_detail", "object_id"),
        permission="meetings.agenda_template_view",
    ),
)
