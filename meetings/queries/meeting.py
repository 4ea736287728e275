"""Reading meetings: to come, past, mine; and the stamp by which a live page knows that something changed."""

from datetime import datetime
from typing import Any

from django.db.models import CharField, Count, Exists, F, Max, OuterRef, Q, QuerySet, Sum, Value

from actions.models import Action
from meetings.models import AgendaItem, Attendance, Decision, Meeting, MeetingSeries
from meetings.states import MeetingState
from people.models import Membership


def meetings(user: Any) -> QuerySet[Meeting]:
    """Meetings this reader may see, with what a row or a page needs."""
    return (
        Meeting.objects.visible_to(user)
        .select_related("subject", "series__subject", "focus", "facilitator", "stand_in")
        .order_by("starts_at", "id")
    )


def to_come(user: Any, at: datetime) -> QuerySet[Meeting]:
    """Live ones and those planned, soonest first."""
    is_ahead = Q(state=MeetingState.PLANNED, ends_at__gte=at) | Q(state=MeetingState.LIVE)
    return meetings(user).filter(is_ahead)


def past(user: Any, at: datetime) -> QuerySet[Meeting]:
    """Closed, cancelled, and those whose time passed unheld, latest first."""
    is_over = Q(state__in=[MeetingState.CLOSED, MeetingState.CANCELLED])
    is_over |= Q(state=MeetingState.PLANNED, ends_at__lt=at)
    return meetings(user).filter(is_over).order_by("-starts_at", "-id")


def of_participant(rows: QuerySet[Meeting], user: Any) -> QuerySet[Meeting]:
    """Of these meetings, the ones of series the person takes part in."""
    in_team = Membership.objects.filter(user=user, team__in=OuterRef("series__teams"))
    named = MeetingSeries.participants.through.objects.filter(user=user, meetingseries=OuterRef("series"))
    return rows.filter(Exists(in_team) | Exists(named) | Q(facilitator=user) | Q(stand_in=user))


def next_of(user: Any, at: datetime) -> Meeting | None:
    """The next meeting a person takes part in: for "my week" and the digest."""
    return of_participant(to_come(user, at), user).first()


def turns_of(user: Any, at: datetime) -> QuerySet[Meeting]:
    """Meetings to come that a person is to lead."""
    return to_come(user, at).filter(facilitator=user)


def stamp(meeting_id: int) -> str:
    """A short text that changes whenever the meeting, an item, attendance, a decision or an action does.

    One statement over indexed rows. Counts, sums of versions and greatest ids: each grows with a change,
    and an item that leaves for another meeting lowers the count.
    """
    found = _tally(Meeting.objects.filter(pk=meeting_id), "meeting")
    for name, rows in (
        ("item", AgendaItem.objects.filter(meeting=meeting_id)),
        ("there", Attendance.objects.filter(meeting=meeting_id)),
        ("decision", Decision.objects.filter(meeting=meeting_id)),
        (
            "action",
            Action.objects.filter(
                Q(origin__in=Decision.objects.filter(meeting=meeting_id).values("subject"))
                | Q(origin__in=Meeting.objects.filter(pk=meeting_id).values("subject"))
            ),
        ),
    ):
        found = found.union(_tally(rows, name), all=True)
    parts = sorted(found)
    return "-".join(f"{name[0]}{count}.{versions or 0}.{last or 0}" for name, count, versions, last in parts)


def _tally(rows: QuerySet, name: str) -> QuerySet:
    return (
        rows.order_by()
        .annotate(what=Value(name, output_field=CharField()))
        .values("what")
        .annotate(number=Count("pk"), versions=Sum(F("version")), last=Max("pk"))
        .values_list("what", "number", "versions", "last")
    )
