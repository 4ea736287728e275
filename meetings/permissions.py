"""Who may plan, run and decide. People who take part in a series run its meetings; risk managers run the
rhythm.
"""

from typing import Any

from django.db.models import Q

from kit.rights import permission
from meetings.models import AgendaItem, Meeting, MeetingSeries
from people.permissions import may_read, may_write
from people.states import Role


def takes_part(user: Any, series: MeetingSeries) -> bool:
    """Whether a person is in a team of the series, or named. One query."""
    ids = user.sight.ids  # the person and their teams
    named = Q(teams__subject__in=ids) | Q(participants__subject__in=ids)
    return MeetingSeries.objects.filter(named, pk=series.pk).exists()


def _series(obj: Any) -> MeetingSeries | None:
    if isinstance(obj, AgendaItem):
        return obj.meeting.series
    return obj.series if isinstance(obj, Meeting) else obj


def _is_one_of(user: Any, obj: Any) -> bool:
    """A member who takes part in the series, or leads this meeting, or a risk manager; None: any member at
    all.
    """
    if not may_write(user, Role.MEMBER):
        return False
    if obj is None or may_write(user, Role.RISK_MANAGER):
        return True
    meeting = obj.meeting if isinstance(obj, AgendaItem) else obj
    if isinstance(meeting, Meeting) and user.pk in {meeting.facilitator_id, meeting.stand_in_id}:
        return True
    series = _series(obj)
    return series is not None and takes_part(user, series)


@permission("meetings.meeting_see")
def may_see(user: Any, obj: Any) -> bool:
    return may_read(user)


@permission("meetings.series_change")
def may_change_series(user: Any, obj: Any) -> bool:
    return may_write(user, Role.RISK_MANAGER)


@permission("meetings.meeting_run")
def may_run(user: Any, obj: Any) -> bool:
    """Start, attend, take up, note, close."""
    return _is_one_of(user, obj)


@permission("meetings.meeting_take")
def may_take(user: Any, obj: Any) -> bool:
    """Take a turn of this meeting, or of this series, over."""
    if obj is None or not may_write(user, Role.MEMBER):
        return may_write(user, Role.MEMBER)
    series = _series(obj)
    return series is not None and takes_part(user, series)


@permission("meetings.meeting_plan")
def may_plan(user: Any, obj: Any) -> bool:
    """Move, cancel, reinstate: who leads it, its stand-in, a risk manager."""
    if obj is None or not may_write(user, Role.MEMBER):
        return may_write(user, Role.MEMBER)
    return may_write(user, Role.RISK_MANAGER) or user.pk in {obj.facilitator_id, obj.stand_in_id}


@permission("meetings.item_add")
def may_add_item(user: Any, obj: Any) -> bool:
    """Anybody who writes may bring something to a meeting."""
    return may_write(user, Role.MEMBER)


@permission("meetings.item_change")
def may_change_item(user: Any, obj: Any) -> bool:
    if isinstance(obj, AgendaItem) and obj.added_by_id == getattr(user, "pk", None):
        return may_write(user, Role.MEMBER)
    return _is_one_of(user, obj)


@permission("meetings.decision_see")
def may_see_decision(user: Any, obj: Any) -> bool:
    return may_read(user)


@permission("meetings.decision_take")
def may_decide(user: Any, obj: Any) -> bool:
    """obj: the meeting it is taken in; None: outside a meeting."""
    return _is_one_of(user, obj)


@permission("meetings.decision_replace")
def may_replace(user: Any, obj: Any) -> bool:
    """A risk manager, who recorded it, or who runs its meeting."""
    if obj is None or not may_write(user, Role.MEMBER):
        return may_write(user, Role.MEMBER)
    if may_write(user, Role.RISK_MANAGER) or obj.recorded_by_id == user.pk:
        return True
    return obj.meeting is not None and _is_one_of(user, obj.meeting)
