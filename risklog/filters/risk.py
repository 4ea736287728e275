"""The filters and orders of the list of risks, and its built-in views."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from catalogue.models import Model
from kit import references
from lists import filtering
from lists.collation import BY_NAME
from lists.registry import BuiltInView, NamedList
from lists.specification import Condition, Filter, ListSpec, Order, Reader, Selection
from people import queries as people
from people.models import Team, User
from risklog.columns import LISTED
from risklog.filters.full_text import search_query
from risklog.filters.matrix import CELL, LEVEL
from risklog.models import Category, Risk
from risklog.models.appetite import has_plan, is_above
from risklog.models.matrix import present_matrix
from risklog.register_checks import CHECKS, ENDING_DAYS, is_ending, is_overdue
from risklog.states import WITHOUT_PLAN, RiskState

DUE_DAYS = 14


def _matches(values: Sequence[str], reader: Reader) -> Q:
    """The search document has the words, or the text is the reference. No words find nothing."""
    text = values[0].strip()
    if references.is_reference(text):
        return Q(subject__reference=text.upper())
    query = search_query(text)
    return Q(pk__in=[]) if query is None else Q(subject__document__document=query)


def _is_due(reader: Reader) -> Q:
    """The next review is due from today on, within DUE_DAYS days."""
    last = reader.today + timedelta(days=DUE_DAYS)
    return ~Q(state=RiskState.CLOSED) & Q(review_on__range=(reader.today, last))


def _changed_within(days: int) -> Callable[[Reader], Q]:
    return lambda reader: Q(updated_at__gte=reader.at - timedelta(days=days))


def _categories(user: User) -> list[tuple[str, str]]:
    rows = Category.objects.filter(is_retired=False).order_by(*BY_NAME)
    return list(rows.values_list("slug", "name"))


def _of_own_teams(condition: Condition) -> Condition:
    """Extend the condition of a team filter by "me": the teams of the reader."""

    def extended(values: Sequence[Any], reader: Reader) -> Q:
        others = [value for value in values if value != "me"]
        named = condition(others, reader) if others else Q()
        teams = reader.user.team_ids if isinstance(reader.user, User) else ()
        return named | Q(team__in=teams) if "me" in values else named

    return extended


_TEAM = filtering.slug(
    "Team",
    "team",
    Team.objects.visible_to,
    special_values=(("me", "My teams"), ("none", "No team")),
    help="The slug of a team, me for the reader's teams, or none.",
)
_OWNER = filtering.person("Owner", "owner", names=people.names)
RISKS = ListSpec(
    filters={
        "q": Filter(
            "Text",
            _matches,
            is_many=False,
            help="Words of a risk's texts, tags and names, or a reference.",
        ),
        "state": filtering.choice("State", "state", RiskState),
        "level": LEVEL,
        "category": filtering.slug(
            "Category",
            "category",
            Category.objects.visible_to,
            options=_categories,
            help="The slug of a category. One that was merged stands for the one it was merged into.",
            key=Coalesce("merged_into_id", "pk"),
        ),
        "model": filtering.slug("Model", "model", Model.objects.visible_to, help="The slug of a model."),
        "team": replace(_TEAM, condition=_of_own_teams(_TEAM.condition)),
        "owner": replace(_OWNER, special_values=(("me", "Me"), ("none", "No owner"))),
        "unowned": filtering.flag("Without an owner", Q(owner__isnull=True), "true: those without an owner."),
        "tag": filtering.tag(),
        "duplicate": filtering.flag(
            "Duplicate",
            Q(merged_into__isnull=False),
            "true: only risks that were closed as duplicates; false: none of them.",
        ),
        "external_id": filtering.exact("External ID", "external_id", help="The key in another tool."),
        "cell": CELL,
        "ending": filtering.named(
            "Acceptance",
            {
                "true": (f"Ends within {ENDING_DAYS} days", is_ending),
                "false": ("Does not end soon", lambda reader: ~is_ending(reader)),
            },
            f"true: accepted risks whose acceptance ends within {ENDING_DAYS} days.",
        ),
        "review": filtering.named(
            "Review",
            {"overdue": ("Overdue", is_overdue), "due": (f"Due within {DUE_DAYS} days", _is_due)},
            "Risks whose next review is overdue, or due soon.",
        ),
        "plan": filtering.named(
            "Plan",
            {
                "none": ("Without a plan", lambda reader: Q(state__in=WITHOUT_PLAN) & ~has_plan()),
                "some": ("With a plan", lambda reader: has_plan()),
            },
            "none: neither accepted nor closed, without a treatment and without an open action.",
        ),
        "appetite": filtering.named(
            "Appetite",
            {"above": ("Above appetite", lambda reader: is_above())},
            "above: neither accepted nor closed, with a score above the appetite (/appetites).",
        ),
        "check": filtering.named(
            "Check",
            {check.name: (check.label, check.condition) for check in CHECKS},
            "The risks that fail a check of the register (/register-checks).",
        ),
        "changed": filtering.named(
            "Changed",
            {
                "week": ("In the last 7 days", _changed_within(7)),
                "month": ("In the last 30 days", _changed_within(30)),
            },
            "Risks that changed in the last 7 or 30 days.",
        ),
    },
    orders={
        "-severity": Order("Highest score", ("-severity", "-id")),
        "-updated_at": Order("Recently updated", ("-updated_at", "-id")),
        "updated_at": Order("Least recently updated", ("updated_at", "id")),
        "-opened_at": Order("Newest", ("-opened_at", "-id")),
        "opened_at": Order("Oldest", ("opened_at", "id")),
        "severity": Order("Lowest score", ("severity", "id")),
        "id": Order("By number", ("id",)),
        "-id": Order("By number, last first", ("-id",)),
    },
    columns=LISTED,
)


def live_risks(selection: Selection, reader: Reader) -> QuerySet[Risk]:
    """Return the risks that the list page filters: live ones, unless it asks for others.

    It does by a state, by a reference, or for duplicates.
    A check says itself whether it is about live risks.
    """
    rows = Risk.objects.visible_to(reader.user)
    if "q" in selection.values:
        # The document is joined before what the rows show: PostgreSQL changes the order of the first joins
        # only (join_collapse_limit), and a rare word is found at once if its documents are read first.
        rows = rows.filter(subject__document__isnull=False)
    is_reference = references.is_reference(selection.texts.get("q", "").strip())
    if is_reference or {"state", "check", "duplicate"} & selection.values.keys():
        return rows
    return rows.filter(~Q(state=RiskState.CLOSED))


def high_label() -> str:
    """Return the names of the two highest levels, as in "Critical & high"."""
    levels = present_matrix().levels
    return f"{levels[5]} & {levels[4][:1].lower()}{levels[4][1:]}"


RISK_LIST = NamedList(
    name="risks",
    label="Risks",
    spec=RISKS,
    url_name="risklog:risk_list",
    permission="risklog.risk_view",
    rows=live_risks,
    built_in=(
        BuiltInView("live", "All live"),
        BuiltInView("mine", "Mine", "owner=me"),
        BuiltInView("high", "Critical & high", "level=5,4", high_label),
        BuiltInView("overdue", "Overdue for review", "review=overdue"),
        BuiltInView("unowned", "No owner", "owner=none"),
        BuiltInView("appetite", "Above appetite", "appetite=above"),
        BuiltInView("unplanned", "Without a plan", "plan=none"),
        BuiltInView("ending", "Acceptance ends soon", "state=accepted&ending=true"),
        BuiltInView("changed", "Changed this week", "changed=week&order=-updated_at"),
        BuiltInView("teams", "My teams", "team=me"),
        BuiltInView("accepted", "Accepted", "state=accepted"),
        BuiltInView("closed", "Closed", "state=closed"),
    ),
)
