"""Read meetings, and the stamp by which a live page knows that something changed."""

from datetime import datetime

from django.db.models import CharField, Count, F, Max, Q, QuerySet, Sum, Value

from actions.models import Action
from kit.sight import Visitor
from meetings.filters import is_ahead, is_of_participant
from meetings.models import AgendaItem, Attendance, Decision, Meeting
from people.models import User


def meetings(user: Visitor) -> QuerySet[Meeting]:
    """Meetings this reader may see, with what a row or a page needs."""
    return (
        Meeting.objects.visible_to(user)
        .select_related("subject", "series__subject", "focus", "facilitator", "stand_in")
        .order_by("starts_at", "id")
    )


def to_come(user: User, at: datetime) -> QuerySet[Meeting]:
    """Live meetings and those planned, soonest first."""
    return meetings(user).filter(is_ahead(at))


def next_of(user: User, at: datetime) -> Meeting | None:
    """The next meeting a person takes part in: for "my week" and the digest."""
    return to_come(user, at).filter(is_of_participant(user.pk)).first()


def turns_of(user: User, at: datetime) -> QuerySet[Meeting]:
    """Meetings to come that a person facilitates."""
    return to_come(user, at).filter(facilitator=user)


def stamp(meeting_id: int, user: User) -> str:
    """A short text that changes whenever the meeting, an item, attendance, a decision or an action does.

    Decisions and actions count as far as this reader may see them: the text is in the page.

    One statement over indexed rows. Counts, sums of versions and greatest ids: each grows with a change,
    and an item that leaves for another meeting lowers the count.
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
    parts = sorted(tallies)
    return "-".join(f"{name[0]}{count}.{versions or 0}.{last or 0}" for name, count, versions, last in parts)


def _tally(rows: QuerySet, name: str) -> QuerySet:
    return (
        rows.order_by()
        .annotate(what=Value(name, output_field=CharField()))
        .values("what")
        .annotate(number=Count("pk"), versions=Sum(F("version")), last=Max("pk"))
        .values_list("what", "number", "versions", "last")
    )
