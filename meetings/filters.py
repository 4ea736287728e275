"""Filters and orders of the lists of this room, for pages and API."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial

from django.db.models import Exists, OuterRef, Q

from history.models import Subject
from lists import filtering
from lists.collation import BY_NAME
from lists.registry import BuiltInView, NamedList
from lists.specification import Filter, ListSpec, Order, Reader
from meetings.memory import PARTS
from meetings.models import Decision, DecisionEffect, MeetingSeries, Tripwire
from meetings.states import (
    CheckInKind,
    DecisionState,
    DidItWork,
    EffectKind,
    ItemState,
    MeetingState,
    SwapState,
    TripwireState,
    TurnTask,
)
from people import queries as people
from people.models import Membership

_MAX_WORDS = 10


def is_ahead(at: datetime) -> Q:
    """Match live meetings, and planned ones whose end is not before `at`. Drafts of series are left out."""
    return Q(state=MeetingState.PLANNED, ends_at__gte=at, series__is_draft=False) | Q(state=MeetingState.LIVE)


def is_past(at: datetime) -> Q:
    """Match closed and cancelled meetings, and planned ones whose end is before `at`."""
    is_over = Q(state__in=[MeetingState.CLOSED, MeetingState.CANCELLED])
    return (is_over | Q(state=MeetingState.PLANNED, ends_at__lt=at)) & Q(series__is_draft=False)


def is_of_participant(user_id: int | None) -> Q:
    """Match meetings of series in which the person takes part, and those in which they have a task."""
    takes_part = Q(teams__memberships__user=user_id) | Q(participants=user_id)
    series = MeetingSeries.objects.filter(takes_part).order_by().values("pk")
    has_task = Q(facilitator=user_id) | Q(stand_in=user_id) | Q(scribe=user_id) | Q(observer=user_id)
    return Q(series__in=series) | has_task


# The tabs of the page: value -> (label, condition).
VIEWS: dict[str, tuple[str, Callable[[Reader], Q]]] = {
    "to-come": ("Upcoming", lambda reader: is_ahead(reader.at)),
    "mine": ("Mine", lambda reader: is_ahead(reader.at) & is_of_participant(reader.user.pk)),
    "past": ("Past", lambda reader: is_past(reader.at)),
}

MEETINGS = ListSpec(
    filters={
        "show": filtering.named(
            "View", VIEWS, "Upcoming meetings, your own upcoming meetings, or past meetings."
        ),
        "state": filtering.choice("State", "state", MeetingState),
        "series": filtering.key("Series", "series_id", "The id of a series."),
        "facilitator": filtering.person("Facilitator", "facilitator", people.options),
    },
    orders={
        "id": Order("Reference", ("id",)),
        "-id": Order("Reference, last first", ("-id",)),
        "starts_at": Order("Soonest", ("starts_at", "id")),
        "-starts_at": Order("Latest", ("-starts_at", "-id")),
    },
)

SERIES = ListSpec(
    filters={
        "q": filtering.part("Name", "name", "A part of the name."),
        "retired": filtering.flag("Retired", Q(is_retired=True), "Whether the series is retired."),
        "draft": filtering.flag("Draft", Q(is_draft=True), "Whether the series is a draft."),
    },
    orders={"id": Order("Oldest", ("id",)), "name": Order("Name, A to Z", BY_NAME)},
)


AGENDA_TEMPLATES = ListSpec(
    filters={
        "q": filtering.part("Name", "name", "A part of the name."),
        "retired": filtering.flag("Retired", Q(is_retired=True), "Whether the template is retired."),
    },
    orders={"name": Order("Name, A to Z", BY_NAME), "id": Order("Oldest", ("id",))},
)


def _words(values: Sequence[str], reader: Reader) -> Q:
    """Match check-ins that have all words of the query."""
    condition = Q()
    for word in values[0].split()[:_MAX_WORDS]:
        condition &= Q(text__collated__contains=word)
    return condition


def _is_one_of(verbs: tuple[str, ...], reader: Reader) -> Q:
    return Q(verb__in=verbs)


CHECK_INS = ListSpec(
    filters={
        "q": Filter("Text", _words, is_many=False, help="Words of the text."),
        "kind": filtering.choice("Kind", "kind", CheckInKind),
        "model": filtering.key("Model", "model_id", "The id of a model."),
        "author": filtering.person("Author", "author", people.options),
    },
    orders={
        "-noted_at": Order("Newest", ("-noted_at", "-id")),
        "noted_at": Order("Oldest first", ("noted_at", "id")),
        "id": Order("By number", ("id",)),
    },
)
MEMORY = ListSpec(
    filters={
        "part": filtering.named(
            "Part",
            {part: (label, partial(_is_one_of, tuple(verbs))) for part, (label, verbs) in PARTS.items()},
            "What was seen, decided, tried or learned.",
        ),
    },
    orders={"-at": Order("Newest", ("-at", "-id")), "at": Order("Oldest", ("at", "id"))},
)
SWAPS = ListSpec(
    filters={
        "task": filtering.choice("Task", "task", TurnTask),
        "state": filtering.choice("State", "state", SwapState),
        "meeting": filtering.key("Meeting", "meeting_id", "The id of a meeting."),
    },
    orders={"id": Order("Oldest", ("id",)), "-id": Order("Newest", ("-id",))},
)


def _about(help: str) -> Filter:
    return filtering.subject("About", "about", Subject.objects.visible_to, help)


ITEMS = ListSpec(
    filters={
        "meeting": filtering.key("Meeting", "meeting_id", "The id of a meeting."),
        "state": filtering.choice("State", "state", ItemState),
        "about": _about("What the item is about: a reference such as Q-12."),
    },
    orders={
        "id": Order("Oldest", ("id",)),
        "rank": Order("As on the agenda", ("meeting_id", "rank", "id")),
    },
)


def _text_condition(values: Sequence[str], reader: Reader) -> Q:
    """Match decisions whose texts have all words of the query. A word may also be the reference."""
    condition = Q()
    for word in values[0].split()[:_MAX_WORDS]:
        anywhere = Q()
        for field in ("text", "reason", "options", "dissent"):
            anywhere |= Q(**{f"{field}__collated__contains": word})
        condition &= anywhere | Q(subject__reference__iexact=word)
    return condition


# The kinds of decisions: value -> (label, condition).
KINDS: dict[str, tuple[str, Callable[[Reader], Q]]] = {
    "recorded": (
        "Recorded",
        lambda reader: Q(acceptance__isnull=True, threshold_version__isnull=True),
    ),
    "acceptance": ("Acceptance of a risk", lambda reader: Q(acceptance__isnull=False)),
    "threshold": (
        "Threshold agreed",
        lambda reader: Q(threshold_version__isnull=False) | _with_effect(EffectKind.AGREE_THRESHOLD),
    ),
}


def _has_outcome(outcome: str) -> Callable[[Reader], Q]:
    return lambda reader: Q(outcome=outcome)


# The answers to the question whether a decision worked, and none.
OUTCOMES: dict[str, tuple[str, Callable[[Reader], Q]]] = {
    **{value: (label, _has_outcome(value)) for value, label in DidItWork.choices},
    "open": ("Not answered", _has_outcome("")),
}
WITH_TRIPWIRE: dict[str, tuple[str, Callable[[Reader], Q]]] = {
    "armed": ("Armed tripwire", lambda reader: _with_tripwire(TripwireState.ARMED)),
    "crossed": ("Crossed tripwire", lambda reader: _with_tripwire(TripwireState.CROSSED)),
}


def _with_effect(*kinds: str) -> Q:
    return Q(Exists(DecisionEffect.objects.filter(decision=OuterRef("pk"), kind__in=kinds)))


def _with_tripwire(state: TripwireState) -> Q:
    return Q(Exists(Tripwire.objects.filter(decision=OuterRef("pk"), state=state)))


def _effect(text: str) -> str:
    if text not in EffectKind.values:
        raise ValueError(f"Use one of {', '.join(EffectKind.values)}.")
    return text


def _day(label: str, lookup: str, help: str) -> Filter:
    """Return a filter by the day of the decision, in the time zone of the organisation."""

    def condition(values: Sequence[date], reader: Reader) -> Q:
        day = values[0] + timedelta(days=lookup == "lt")
        start = datetime.combine(day, time(), tzinfo=people.zone_of(None))
        return Q(**{f"decided_at__{lookup}": start})

    return Filter(label, condition, filtering.day, is_many=False, help=help, shape="date")


DECISIONS = ListSpec(
    filters={
        "q": Filter(
            "Text",
            _text_condition,
            is_many=False,
            help="Words of the decision or its reason, or a reference.",
        ),
        "state": filtering.choice("State", "state", DecisionState),
        "kind": filtering.named(
            "Kind", KINDS, "What people recorded, acceptances of risks, or agreements to thresholds."
        ),
        "effect": Filter(
            "Effect",
            lambda values, reader: _with_effect(*values),
            _effect,
            tuple(EffectKind.choices),
            help="What it changed at once.",
        ),
        "outcome": filtering.named("Did it work", OUTCOMES, "The answer some weeks later."),
        "tripwire": filtering.named("Tripwire", WITH_TRIPWIRE, "Decisions that may come back, or did."),
        "person": filtering.person(
            "Recorded by", "recorded_by", help=f"{filtering.A_PERSON}, me, or none.", names=people.names
        ),
        "since": _day("Since", "gte", "The first day of the decisions."),
        "until": _day("Until", "lt", "The last day of the decisions."),
        "meeting": filtering.key("Meeting", "meeting_id", "The id of a meeting."),
        "about": _about("What the decision is about: a reference such as R-12."),
    },
    orders={
        "id": Order("Oldest", ("id",)),
        "-id": Order("Reference, last first", ("-id",)),
        "-decided_at": Order("Latest", ("-decided_at", "-id")),
        "decided_at": Order("Earliest", ("decided_at", "id")),
    },
)
DECISION_LIST = NamedList(
    name="decisions",
    label="Decisions",
    spec=DECISIONS,
    url_name="meetings:decision_list",
    permission="meetings.decision_view",
    rows=lambda selection, reader: Decision.objects.visible_to(reader.user),
    built_in=(
        BuiltInView("all", "All"),
        BuiltInView("force", "In force", "state=in_force"),
        BuiltInView("mine", "Mine", "person=me"),
        BuiltInView("crossed", "Tripwire crossed", "tripwire=crossed"),
        BuiltInView("unanswered", "Not answered whether it worked", "outcome=open&state=in_force"),
        BuiltInView("failed", "Did not work", "outcome=did_not"),
        BuiltInView("acceptances", "Acceptances", "kind=acceptance"),
        BuiltInView("thresholds", "Thresholds", "kind=threshold"),
    ),
)
LISTS = (DECISION_LIST,)

TRIPWIRES = ListSpec(
    filters={"state": filtering.choice("State", "state", TripwireState)},
    orders={"id": Order("Oldest", ("id",)), "-id": Order("Newest", ("-id",))},
)


def _in_period(values: Sequence[date], reader: Reader) -> Q:
    """Match everything: the period chooses what is counted, in meetings.queries.duties."""
    return Q()


def _of_teams(values: Sequence[str], reader: Reader) -> Q:
    """Match the members of teams, by their slugs."""
    return Q(pk__in=Membership.objects.filter(team__slug__in=values).values("user"))


# The period and the people of the ledger of duties.
DUTIES = ListSpec(
    filters={
        "since": Filter(
            "Since",
            _in_period,
            filtering.day,
            is_many=False,
            help="The first day. By default 90 days ago.",
            shape="date",
        ),
        "until": Filter(
            "Until",
            _in_period,
            filtering.day,
            is_many=False,
            help="The last day. By default today.",
            shape="date",
        ),
        "team": Filter("Team", _of_teams, help="The slugs of teams."),
    },
    orders={"name": Order("By name", (*BY_NAME,))},
)
