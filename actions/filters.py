"""The list specification of actions: filters, orders and views of the page and the API."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from django.db.models import Q, QuerySet

from actions.models import Action
from actions.states import UNFINISHED, ActionState, Blocker, Effort, Type
from history.models import Subject
from kit import references
from kit.sight import Visitor
from lists import filtering
from lists.registry import BuiltInView, NamedList
from lists.specification import Filter, ListSpec, Order, Reader, Selection
from people import queries as people
from people.models import Membership, Team, User

_UNFINISHED = Q(state__in=UNFINISHED)


def _is_late(reader: Reader) -> Q:
    return _UNFINISHED & Q(due_on__lt=reader.today)


_SHOWN: dict[str, tuple[str, Callable[[Reader], Q]]] = {
    "mine": ("Mine", lambda reader: _UNFINISHED & Q(owner_id=reader.user.pk)),
    "open": ("All open", lambda reader: _UNFINISHED),
    "late": ("Overdue", _is_late),
    "done": ("Done", lambda reader: ~_UNFINISHED),
}
_DUE: dict[str, tuple[str, Callable[[Reader], Q]]] = {
    "week": (
        "Due within a week",
        lambda reader: _UNFINISHED & Q(due_on__range=(reader.today, reader.today + timedelta(days=7))),
    ),
    "late": ("Overdue", _is_late),
    "none": ("No due date", lambda reader: Q(due_on__isnull=True)),
}


def _text(values: Sequence[str], reader: Reader) -> Q:
    """Match a part of the title, or the reference if the text is one."""
    text = values[0].strip()
    if references.is_reference(text):
        return Q(subject__reference=text.upper())
    return Q(title__collated__contains=text)


def _of_team(values: Sequence[str], reader: Reader) -> Q:
    """Match the actions whose owners are in one of these teams."""
    own = reader.user.team_ids if isinstance(reader.user, User) and "me" in values else ()
    slugs = [value for value in values if value not in {"me", "none"}]
    named = Team.objects.visible_to(reader.user).filter(slug__in=slugs)
    members = Membership.objects.filter(Q(team__in=named.values("pk")) | Q(team__in=own))
    condition = Q(owner__in=members.values("user"))
    return condition | Q(owner__isnull=True) if "none" in values else condition


def _team_options(user: Visitor) -> list[tuple[str, str]]:
    return list(Team.objects.visible_to(user).order_by("name__collated", "pk").values_list("slug", "name"))


_TEAM = replace(
    filtering.slug(
        "Team",
        "owner",
        Team.objects.visible_to,
        options=_team_options,
        special_values=(("me", "My teams"), ("none", "Unassigned")),
        help="The slug of a team of the owner, me for the reader's teams, or none.",
    ),
    condition=_of_team,
    takes_argument=False,
)
_OWNER = filtering.person("Owner", "owner", people.options, names=people.names)
_TYPE = filtering.choice("Type", "type", Type)
SPEC = ListSpec(
    filters={
        "show": filtering.named("View", _SHOWN, "What is mine, open, late or done."),
        "q": Filter("Text", _text, is_many=False, help="A part of the title, or a reference."),
        "state": filtering.choice("State", "state", ActionState),
        "type": _TYPE,
        "effort": filtering.choice("Effort", "effort", Effort),
        "owner": _OWNER,
        "team": _TEAM,
        "due": filtering.named("Due", _DUE),
        "blocker": filtering.choice("Blocked by", "blocker", Blocker, "What kind of thing blocks it."),
        "raised": filtering.flag(
            "Raised to the sponsor",
            Q(raised_at__isnull=False),
            "true: blocked for so long that the sponsor was told.",
        ),
        "about": filtering.subject(
            "About", "about", Subject.objects.visible_to, "The reference of what it is for, such as R-12."
        ),
        "origin": filtering.subject(
            "From", "origin", Subject.objects.visible_to, "The reference of what created it, such as D-3."
        ),
    },
    orders={
        "due_on": Order("Due first", ("due_order", "id")),
        "-due_on": Order("Due last", ("-due_order", "-id")),
        "-rank": Order("Highest rank", ("-rank_order", "-id")),
        "rank": Order("Lowest rank", ("rank_order", "id")),
        "title": Order("Title, A to Z", ("title__collated", "title", "id")),
        "-title": Order("Title, Z to A", ("-title__collated", "-title", "-id")),
        "-made_at": Order("Newest", ("-made_at", "-id")),
        "made_at": Order("Oldest", ("made_at", "id")),
        "id": Order("Reference", ("id",)),
        "-id": Order("Reference, last first", ("-id",)),
    },
)


def live_actions(selection: Selection, reader: Reader) -> QuerySet[Action]:
    """Return the actions that the list page filters: unfinished ones, unless it asks for others."""
    rows = Action.objects.visible_to(reader.user)
    is_reference = references.is_reference(selection.texts.get("q", "").strip())
    return rows if is_reference or {"state", "show"} & selection.values.keys() else rows.filter(_UNFINISHED)


ACTION_LIST = NamedList(
    name="actions",
    label="Actions",
    spec=SPEC,
    url_name="actions:action_list",
    permission="actions.action_view",
    rows=live_actions,
    built_in=(
        BuiltInView("live", "All open"),
        BuiltInView("mine", "Mine", "owner=me"),
        BuiltInView("late", "Overdue", "due=late"),
        BuiltInView("week", "Due this week", "due=week"),
        BuiltInView("blocked", "Blocked", "state=blocked"),
        BuiltInView("teams", "My teams", "team=me"),
        BuiltInView("undated", "Without date", "due=none"),
        BuiltInView("unowned", "Unassigned", "owner=none"),
        BuiltInView("ranked", "By rank", "order=-rank"),
        BuiltInView("done", "Done", "state=done,dropped&order=-made_at"),
    ),
)
LISTS = (ACTION_LIST,)

# The board shows all columns at once. `column` with a cursor asks for the next cards of one.
BOARD = ListSpec(
    filters={
        "show": filtering.named("View", {"mine": _SHOWN["mine"]}),
        "owner": _OWNER,
        "team": _TEAM,
        "type": _TYPE,
    },
    orders={"due_on": SPEC.orders["due_on"]},
    further=("column",),
)

# The period and the actions of the figures of follow-through.
FOLLOW_THROUGH = ListSpec(
    filters={
        "since": Filter(
            "Since",
            lambda values, reader: Q(settled_day__gte=values[0]),
            filtering.day,
            is_many=False,
            help="The first day. By default 90 days ago.",
            shape="date",
        ),
        "until": Filter(
            "Until",
            lambda values, reader: Q(settled_day__lte=values[0]),
            filtering.day,
            is_many=False,
            help="The last day. By default today.",
            shape="date",
        ),
        "type": _TYPE,
    },
    orders={"id": Order("Reference", ("id",))},
    is_paged=False,
)
