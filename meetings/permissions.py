"""Who may plan, run and decide.

Participants of a series run its meetings. Risk managers change the series and may run every meeting.
"""

from typing import Any

from django.db.models import BooleanField, F, Func, Q

from kit.prepared import Argument, Prepared
from kit.rights import permission
from meetings.models import AgendaItem, Contest, Meeting, MeetingSeries, Tripwire
from meetings.states import MeetingState
from people.models import User
from people.permissions import may_read, may_write
from people.states import Role


def _is_of_reader(path: str) -> Q:
    """Return the condition that the subject at the path is the reader or a team of theirs.

    `__in` would be compiled for one number of teams only.
    """
    any_of = {"arg_joiner": " = ANY (", "template": "%(expressions)s)", "output_field": BooleanField()}
    return Q(Func(F(path), Argument("sight"), **any_of))


# Each change of a live meeting runs it for each reader.
_PART = Prepared(
    lambda: MeetingSeries.objects.filter(
        _is_of_reader("teams__subject") | _is_of_reader("participants__subject"), pk=Argument("series")
    ).values_list("pk")[:1]
)


def takes_part(user: User, series: MeetingSeries) -> bool:
    """Return True if the person is in a team of the series, or is one of its participants. One query."""
    return bool(_PART.rows(sight=list(user.sight.ids), series=series.pk))


def is_expected(user: User, meeting: Meeting) -> bool:
    """Return True for participants of the series, and for those who lead, control or observe this meeting."""
    named = {meeting.facilitator_id, meeting.stand_in_id, meeting.controller_id, meeting.observer_id}
    return user.is_active and (user.pk in named or takes_part(user, meeting.series))


def _series(obj: Any) -> MeetingSeries | None:
    if isinstance(obj, AgendaItem):
        return obj.meeting.series
    return obj.series if isinstance(obj, Meeting) else obj


def _may_run_series(user: User, obj: Any) -> bool:
    """Return True for participants of the series, for those who lead the meeting, and for risk managers.

    obj: a series, a meeting or an agenda item; None: any member may run some series.
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


@permission("meetings.meeting_view")
def may_view(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("meetings.calendar", for_people=True)
def may_subscribe(user: User, obj: Any) -> bool:
    """See, create and end one's own calendar addresses."""
    return may_read(user)


@permission("meetings.agenda_template_view")
def may_view_agenda_template(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("meetings.agenda_template_change")
def may_change_agenda_template(user: User, obj: Any) -> bool:
    """Add, change, retire and restore templates of agendas: those who may change series."""
    return may_write(user, Role.RISK_MANAGER)


@permission("meetings.check_in_view")
def may_view_check_in(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("meetings.check_in_note")
def may_note(user: User, obj: Any) -> bool:
    """Note a check-in, and make an agenda item, an action or a risk of one: every member."""
    return may_write(user, Role.MEMBER)


@permission("meetings.check_in_change")
def may_change_check_in(user: User, obj: Any) -> bool:
    """The author and risk managers."""
    if obj is None or obj.author_id == user.pk:
        return may_write(user, Role.MEMBER)
    return may_write(user, Role.RISK_MANAGER)


@permission("meetings.series_change")
def may_change_series(user: User, obj: Any) -> bool:
    return may_write(user, Role.RISK_MANAGER)


@permission("meetings.meeting_run", for_people=True)
def may_run(user: User, obj: Any) -> bool:
    """Start and close a meeting, record attendance, take up items and write notes."""
    return _may_run_series(user, obj)


@permission("meetings.meeting_take", for_people=True)
def may_take(user: User, obj: Any) -> bool:
    """Take over a turn of this meeting or of this series."""
    if obj is None or not may_write(user, Role.MEMBER):
        return may_write(user, Role.MEMBER)
    series = _series(obj)
    return series is not None and takes_part(user, series)


@permission("meetings.meeting_observe", for_people=True)
def may_observe(user: User, obj: Any) -> bool:
    """Take over the turn of the observer. obj: the meeting. The operation knows which teams observe."""
    if obj is None or not may_write(user, Role.MEMBER):
        return may_write(user, Role.MEMBER)
    return bool(obj.series.has_observer) and not takes_part(user, obj.series)


@permission("meetings.swap_ask", for_people=True)
def may_ask_to_swap(user: User, obj: Any) -> bool:
    """Ask a colleague to take one's own turn. obj: the meeting."""
    has_turn = obj is None or user.pk in {obj.facilitator_id, obj.scribe_id, obj.observer_id}
    return may_write(user, Role.MEMBER) and has_turn


@permission("meetings.swap_answer", for_people=True)
def may_answer_swap(user: User, obj: Any) -> bool:
    """Answer a swap, or withdraw it. obj: the swap; the operation knows who does which."""
    return may_write(user, Role.MEMBER) and (obj is None or user.pk in {obj.asked_id, obj.asked_by_id})


@permission("meetings.meeting_plan")
def may_plan(user: User, obj: Any) -> bool:
    """Move, cancel or reinstate: the facilitator, the stand-in and risk managers."""
    if obj is None or not may_write(user, Role.MEMBER):
        return may_write(user, Role.MEMBER)
    return may_write(user, Role.RISK_MANAGER) or user.pk in {obj.facilitator_id, obj.stand_in_id}


@permission("meetings.item_add")
def may_add_item(user: User, obj: Any) -> bool:
    """Every member may add an item to an agenda."""
    return may_write(user, Role.MEMBER)


@permission("meetings.item_change")
def may_change_item(user: User, obj: Any) -> bool:
    if isinstance(obj, AgendaItem) and obj.added_by_id == getattr(user, "pk", None):
        return may_write(user, Role.MEMBER)
    return _may_run_series(user, obj)


@permission("meetings.item_contest", for_people=True)
def may_contest(user: User, obj: Any) -> bool:
    """Contest a proposal before the meeting: participants, those who lead the meeting, and risk managers.

    obj: the meeting, its item, or a contest of the item.
    """
    return _may_run_series(user, obj.item if isinstance(obj, Contest) else obj)


@permission("meetings.proposal_settle", for_people=True)
def may_settle(user: User, obj: Any) -> bool:
    """Agree to proposals before the meeting. The operation checks the right for each of them."""
    return may_write(user, Role.MEMBER)


@permission("meetings.decision_view")
def may_view_decision(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("meetings.decision_take", for_people=True)
def may_decide(user: User, obj: Any) -> bool:
    """obj: the meeting in which the decision is taken, or its item; None: outside a meeting."""
    return _may_run_series(user, obj)


@permission("meetings.decision_replace", for_people=True)
def may_replace(user: User, obj: Any) -> bool:
    """Risk managers, the person who recorded it, and those who may run its meeting."""
    if obj is None or not may_write(user, Role.MEMBER):
        return may_write(user, Role.MEMBER)
    if may_write(user, Role.RISK_MANAGER) or obj.recorded_by_id == user.pk:
        return True
    return obj.meeting is not None and _may_run_series(user, obj.meeting)


@permission("meetings.tripwire_change")
def may_change_tripwire(user: User, obj: Any) -> bool:
    """Return True for those who may replace the decision. obj: the decision or its tripwire."""
    return may_replace(user, obj.decision if isinstance(obj, Tripwire) else obj)


@permission("meetings.outcome_answer", for_people=True)
def may_answer(user: User, obj: Any) -> bool:
    """Return True for those who may replace the decision, and for the facilitator of its meeting."""
    if obj is None or may_replace(user, obj):
        return may_write(user, Role.MEMBER)
    is_facilitator = obj.meeting is not None and obj.meeting.facilitator_id == user.pk
    return may_write(user, Role.MEMBER) and is_facilitator


@permission("learnings.week_choose", for_people=True)
def may_choose_learning_of_week(user: User, obj: Any) -> bool:
    """Return True for risk managers, and for those who facilitate a meeting that is planned or live.

    It is a permission of learnings, which do not know meetings.
    """
    if not may_write(user, Role.MEMBER):
        return False
    if may_write(user, Role.RISK_MANAGER):
        return True
    leads = Q(facilitator=user) | Q(stand_in=user)
    return Meeting.objects.filter(leads, state__in=(MeetingState.PLANNED, MeetingState.LIVE)).exists()
