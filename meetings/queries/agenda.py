"""Read agendas: items as a reader may see them, with their times; the panel on the page of a subject."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.urls import reverse

from history.models import Event, Subject
from kit.kinds import url_of
from kit.prepared import Argument, Prepared
from kit.sight import Visitor
from meetings.models import AgendaItem, Meeting
from meetings.queries.facts import is_open
from meetings.states import OFF_AGENDA, PATTERNS_ITEM, TO_COME, UNFINISHED, ItemOutcome, ItemState
from people.models import User
from people.states import Role
from risklog.models import Acceptance, Escalation
from risklog.states import AcceptanceState
from signals.models import ThresholdVersion
from signals.states import Agreement

OUTCOME_ICONS: dict[str, str] = {
    ItemOutcome.DECIDED: "gavel",
    ItemOutcome.ACTIONS: "checkbox",
    ItemOutcome.DEFERRED: "arrow-forward-up",
    ItemOutcome.NO_CHANGE: "circle-minus",
}

_UPCOMING_ITEMS = Prepared(
    lambda: (
        AgendaItem.objects.filter(about=Argument("about"), meeting__state__in=TO_COME)
        .select_related("meeting__subject")
        .order_by("meeting__starts_at", "id")
    )
)


def upcoming_items(about: Subject) -> list[AgendaItem]:
    """Return the items of a subject on upcoming agendas, in any state, the next meeting first."""
    return _UPCOMING_ITEMS.rows(about=about.pk)


def upcoming_items_of(subjects: Sequence[Subject]) -> dict[int, list[AgendaItem]]:
    """Return subject id -> upcoming_items(), for those of many subjects that have some. One query."""
    rows = AgendaItem.objects.filter(
        about__in=[subject.pk for subject in subjects], meeting__state__in=TO_COME
    ).select_related("meeting__subject")
    found: dict[int, list[AgendaItem]] = {}
    for item in rows.order_by("meeting__starts_at", "id"):
        assert item.about_id is not None
        found.setdefault(item.about_id, []).append(item)
    return found


@dataclass(frozen=True, slots=True)
class Line:
    """An item as one reader may see it. A hidden item has a length, but no reason, notes or subject.

    number: from 1. from_minute: planned start, in minutes after the start of the meeting. is_over: the item
    does not fit into the planned length of the meeting.
    """

    item: AgendaItem
    number: int
    is_hidden: bool
    title: str
    why: str
    notes: str
    subject: Subject | None
    from_minute: int
    is_over: bool

    @property
    def is_unfinished(self) -> bool:
        return self.item.state in UNFINISHED

    @property
    def minutes(self) -> int:
        return minutes_of(self.item)

    @property
    def short_title(self) -> str:
        """The reference of the subject, or the title, for a button."""
        return (self.subject.reference if self.subject else "") or self.title

    @property
    def spent_minutes(self) -> int:
        return round(self.item.spent_seconds / 60)

    @property
    def times_carried(self) -> int:
        """How often the item was carried over; from this meeting too, if it was carried on."""
        return self.item.times_carried + (self.item.state == ItemState.CARRIED)

    @property
    def may_be_taken_up(self) -> bool:
        """True if the item can become the current one: it waits, or it is done and may be discussed again."""
        return self.item.state in {ItemState.WAITING, ItemState.DONE}

    @property
    def is_way_back(self) -> bool:
        """True if the meeting goes back to the item: it waits, or it was discussed and is done."""
        return self.item.state == ItemState.WAITING or self.was_discussed

    @property
    def was_discussed(self) -> bool:
        """True if the item is done and was discussed; False if it was settled before the meeting."""
        return self.item.state == ItemState.DONE and self.item.spent_seconds > 0

    @property
    def has_page(self) -> bool:
        """True if the subject of the item has a reference, so the title links to a page."""
        return bool(self.subject and self.subject.reference)

    @property
    def list_url(self) -> str:
        """The address of the list that an item about no single object sums up; "" for other items."""
        is_sum = self.item.about_id is None and self.item.title == PATTERNS_ITEM
        return reverse("signals:pattern_list") if is_sum else ""

    @property
    def outcome_icon(self) -> str:
        """The name of the icon of the outcome; empty without an outcome, or if the reader may not see it."""
        return "" if self.is_hidden else OUTCOME_ICONS.get(self.item.outcome, "")

    @property
    def is_agreed(self) -> bool:
        """True if the item ended with a decision or with actions."""
        return self.item.outcome in {ItemOutcome.DECIDED, ItemOutcome.ACTIONS}


@dataclass(frozen=True, slots=True)
class Agenda:
    """An agenda as one reader may see it.

    taken_off: removed items. backlog: items that were parked or do not fit. settled: before the meeting, only
    those whose subject the reader may see. minutes: the sum of the items on the agenda, without those that
    were done before it; length: of the meeting, in minutes.
    """

    lines: Sequence[Line]
    taken_off: Sequence[Line]
    backlog: Sequence[Line]
    settled: Sequence[Line]
    minutes: int
    length: int

    @property
    def over_by(self) -> int:
        return max(0, self.minutes - self.length)

    @property
    def current(self) -> Line | None:
        return next((line for line in self.lines if line.item.state == ItemState.CURRENT), None)


def minutes_of(item: AgendaItem) -> int:
    """Return the minutes that an item takes of its meeting: 0 if it was done without being discussed.

    That is so if its subject was settled before the meeting, such as a risk that was accepted.
    """
    return 0 if item.state == ItemState.DONE and not item.spent_seconds else item.minutes


def may_see_item(user: Visitor, item: AgendaItem) -> bool:
    """Return True if the reader may see the subject of an item. The only such check. Needs item.about."""
    return item.about is None or item.about.is_visible_to(user)


def shown(user: User, item: AgendaItem, number: int = 0, from_minute: int = 0, length: int = 0) -> Line:
    """Return an item as this reader may see it. Pages read items only through this function."""
    hidden = not may_see_item(user, item)
    return Line(
        item=item,
        number=number,
        is_hidden=hidden,
        title=f"Restricted item, {item.minutes} min" if hidden else item.title,
        why="" if hidden else item.why,
        notes="" if hidden else item.notes,
        subject=None if hidden else item.about,
        from_minute=from_minute,
        is_over=bool(length and minutes_of(item)) and from_minute + item.minutes > length,
    )


def items(meeting: Meeting) -> Sequence[AgendaItem]:
    """Return all items in order, with the relations that a line needs. One query."""
    return list(
        AgendaItem.objects.filter(meeting=meeting)
        .select_related(
            "about",
            "added_by",
            "parked_by",
            "settled_by",
            "meeting__subject",
            "carried_from__meeting__subject",
        )
        .order_by("rank", "id")
    )


def agenda(meeting: Meeting, user: User) -> Agenda:
    """Return the agenda of a meeting for one reader. Two queries, for any number of items."""
    length = int((meeting.ends_at - meeting.starts_at).total_seconds() // 60)
    lines: list[Line] = []
    off: dict[str, list[Line]] = {state: [] for state in OFF_AGENDA}
    used = 0
    for item in items(meeting):
        if item.state in off:
            off[item.state].append(shown(user, item))
            continue
        lines.append(shown(user, item, len(lines) + 1, used, length))
        used += minutes_of(item)
    settled = [line for line in off[ItemState.SETTLED] if not line.is_hidden]
    return Agenda(lines, off[ItemState.DROPPED], off[ItemState.BACKLOG], settled, used, length)


def backlog_size(meeting: Meeting) -> int:
    """Return how many items do not fit into the length of the meeting."""
    rows = AgendaItem.objects.filter(meeting=meeting, state=ItemState.BACKLOG, parked_by__isnull=True)
    return rows.count()


@dataclass(frozen=True, slots=True)
class UpcomingItem:
    """An item as the page of its subject shows it. meeting: a reference. name: of the focus or the series."""

    state: str
    why: str
    meeting: str
    name: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class AgendaPanel:
    """The upcoming agendas of a subject, for the panel on its page.

    finding: why no meeting will discuss it, "" if one will. code: see meetings.routing.NoMeeting. model: the
    slug of its model, "" without one. reference: of the subject. page: the path of the object's page.
    """

    items: Sequence[UpcomingItem]
    finding: str
    code: str
    model: str
    reference: str
    page: str
    may_add: bool
    may_plan: bool


def panel(user: User, obj: Any) -> AgendaPanel | None:
    """Return the upcoming agendas of an object; None if it is settled and on none. One query.

    obj: a risk, a review, a change request, an incident, or an escalation, whose subject is on agendas.
    """
    subject = obj.about if isinstance(obj, Escalation) else obj.subject
    items, failure = Subject.objects.values_list(
        ArraySubquery(_upcoming_items(user, subject)), Subquery(_failures(subject).values("data")[:1])
    ).get(pk=subject.pk)
    if not items and not is_open(obj):
        return None
    reason = failure if failure and not items else {}
    may_add = subject.reference is not None and user.is_at_least(Role.MEMBER)
    model = getattr(obj, "shown_model", getattr(obj, "model", None))
    return AgendaPanel(
        items=[
            UpcomingItem(**row | {"starts_at": datetime.fromisoformat(row["starts_at"])}) for row in items
        ],
        finding=reason.get("why", ""),
        code=reason.get("code", ""),
        model=model.slug if model else "",
        reference=subject.reference or "",
        page=url_of(obj.subject),
        may_add=may_add and not items,
        may_plan=user.is_at_least(Role.RISK_MANAGER),
    )


def _upcoming_items(user: User, subject: Subject) -> QuerySet[Any]:
    """Return the items about a subject on upcoming agendas, the next first, as one JSON column."""
    items = AgendaItem.objects.filter(
        about=subject,
        meeting__state__in=TO_COME,
        state__in=[*UNFINISHED, ItemState.DONE, ItemState.BACKLOG, ItemState.SETTLED],
    ).visible_to(user)
    columns = JSONObject(
        state="state",
        why="why",
        meeting="meeting__subject__reference",
        name=Coalesce("meeting__focus__name", "meeting__series__name"),
        starts_at="meeting__starts_at",
    )
    return items.order_by("meeting__starts_at", "id").values(row=columns)


def _failures(subject: Subject) -> QuerySet[Event]:
    """Return the events that record why no meeting fits a subject, the latest first."""
    return Event.objects.filter(subject=subject, verb="meetings.no_meeting_found").order_by("-id")


def proposed_versions() -> QuerySet[ThresholdVersion]:
    """Return the first proposed version of each threshold that has one, with its threshold."""
    rows = ThresholdVersion.objects.filter(state=Agreement.PROPOSED).order_by("threshold", "number")
    return rows.distinct("threshold").select_related("threshold__subject")


def proposed_acceptances() -> QuerySet[Acceptance]:
    """Return the acceptances that wait for a decision, with their risks."""
    rows = Acceptance.objects.filter(state=AcceptanceState.PROPOSED).order_by("id")
    return rows.select_related("risk__subject")
