"""Read meetings, and the stamp with which a live page detects changes."""

from datetime import datetime, timedelta

from django.db.models import CharField, Count, F, Max, Q, QuerySet, Sum, Value

from actions.models import Action
from kit.sight import Visitor
from meetings.filters import is_ahead
from meetings.models import AgendaItem, Attendance, Decision, Meeting
from people.models import User

# Who read the live page this long ago is there. They are noted once a minute.
HERE_WITHIN = timedelta(seconds=150)


def meetings(user: Visitor) -> QuerySet[Meeting]:
    """Return the meetings that this reader may see, soonest first, with the relations that pages need."""
    return (
        Meeting.objects.visible_to(user)
        .select_related(
            "subject",
            "series__subject",
            "focus",
            "facilitator",
            "stand_in",
            "scribe",
            "observer",
            "controller",
        )
        .order_by("starts_at", "id")
    )


def to_come(user: User, at: datetime) -> QuerySet[Meeting]:
    """Return live meetings and planned ones that have not ended, soonest first."""
    return meetings(user).filter(is_ahead(at))


def turns_of(user: User, at: datetime) -> QuerySet[Meeting]:
    """Return upcoming meetings that a person facilitates."""
    return to_come(user, at).filter(facilitator=user)


def stamp(meeting_id: int, user: User, at: datetime) -> str:
    """Return a short text that changes with the meeting, its items, attendance, decisions and actions.

    It also changes when somebody comes or goes: with the people who read the page at the moment `at`.
    Decisions and actions count as far as this reader may see them: the text is in the page.

    One statement over indexed rows. It consists of counts, sums of versions and greatest ids. Each grows with
    a change, and an item that moves to another meeting lowers the count.
    """
    tallies = _tally(Meeting.objects.filter(pk=meeting_id), "meeting")
    for name, rows in (
        ("item", AgendaItem.objects.filter(meeting=meeting_id)),
        ("there", Attendance.objects.filter(meeting=meeting_id)),
        ("decision", Decision.objects.visible_to(user).filter(meeting=meeting_id)),
        (
            "action",
            Action.objects.visible_to(user).filter(
                Q(origin__in=Decision.objects.filter(meeting=meeting_id).values("subject"))
                | Q(origin__in=Meeting.objects.filter(pk=meeting_id).values("subject"))
            ),
        ),
    ):
        tallies = tallies.union(_tally(rows, name), all=True)
    here = Attendance.objects.filter(meeting=meeting_id, seen_at__gt=at - HERE_WITHIN)
    tallies = tallies.union(_tally(here, "here", "user_id"), all=True)
    parts = sorted(tallies)
    return "-".join(f"{name[:2]}{count}.{versions or 0}.{last or 0}" for name, count, versions, last in parts)


def _tally(rows: QuerySet, name: str, version: str = "version") -> QuerySet:
    return (
        rows.order_by()
        .annotate(what=Value(name, output_field=CharField()))
        .values("what")
        .annotate(number=Count("pk"), versions=Sum(F(version)), last=Max("pk"))
        .values_list("what", "number", "versions", "last")
    )
