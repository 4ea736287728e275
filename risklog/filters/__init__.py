"""The filters and orders of the lists of this room, for pages and the API."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
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
from risklog.filters.matrix import CELL, LEVEL
from risklog.models import Category, Reviewer, Risk
from risklog.models.appetite import has_plan, is_above
from risklog.models.matrix import present_matrix
from risklog.register_checks import CHECKS, ENDING_DAYS, is_ending, is_overdue
from risklog.states import (
    UNRESOLVED,
    WITHOUT_PLAN,
    AcceptanceState,
    EscalationState,
    Outcome,
    ReviewState,
    RiskState,
    RowResult,
    Severity,
)
from signals.states import SignalKind

_BY_NUMBER = {"id": Order("Oldest", ("id",)), "-id": Order("Newest", ("-id",))}
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
# The columns of an order may not be null. What is not closed yet comes last.
SETTLED_ORDER = Coalesce("settled_at", Value(_LONG_AGO))
RESOLVED_ORDER = Coalesce("resolved_at", Value(_LONG_AGO))

Views = Mapping[str, tuple[str, Callable[[Reader], Q]]]


# ------------------------------------------------------------------ categories and ladders

CATEGORIES = ListSpec(
    filters={
        "kind": filtering.choice("Signal kind", "kind", SignalKind),
        "is_retired": filtering.flag(
            "Retired", Q(is_retired=True), "true: only retired ones; false: none of them."
        ),
    },
    orders={
        "name": Order("Name, A to Z", BY_NAME),
        "is_retired": Order("In use first", ("is_retired", *BY_NAME)),
        "id": Order("Oldest", ("id",)),
    },
)


def _what_if(label: str, **fields: Any) -> Filter:
    """Return a parameter of the preview, which says what would be escalated. It leaves out no ladder."""
    return Filter(label, lambda values, reader: Q(), is_many=False, **fields)


def _severity(text: str) -> str:
    if text not in Severity.values:
        raise ValueError(f"Use one of {', '.join(Severity.values)}.")
    return text


_ID: dict[str, Any] = {"parse": filtering.number, "shape": filtering.NUMBER}
_SEVERITY = _what_if("Severity", parse=_severity, choices=tuple(Severity.choices))
# The page shows every ladder, the one that applies to what the parameters say first.
LADDERS = ListSpec(
    filters={
        "severity": _SEVERITY,
        "category": _what_if("Category", **_ID),
        "team": _what_if("Team", **_ID),
        "model": _what_if("Model", **_ID),
    },
    orders={"severity": Order("Most general first", ("severity", "id"))},
)
LADDER_LIST = ListSpec(
    filters={
        "severity": filtering.choice("Severity", "severity", Severity),
        "category": filtering.slug("Category", "category", Category.objects.visible_to, help="A slug."),
        "team": filtering.slug("Team", "team", Team.objects.visible_to, help="A slug."),
        "is_retired": filtering.flag(
            "Retired", Q(is_retired=True), "true: only retired ones; false: none of them."
        ),
    },
    orders={"id": Order("Oldest", ("id",)), "-id": Order("Newest", ("-id",))},
)
LADDER_PREVIEW = ListSpec(
    filters={
        "severity": _SEVERITY,
        **{name: _what_if(name.title(), help="A slug.") for name in ("category", "team", "model")},
    },
    orders={"position": Order("Lowest rung first", ("id",))},
    is_paged=False,
)

REGISTER_CHECKS = ListSpec(filters={}, orders={"id": Order("In the order of the table", ("id",))})


# ------------------------------------------------------------------ acceptances

ACCEPTANCES = ListSpec(
    filters={"state": filtering.choice("State", "state", AcceptanceState)},
    orders={"-id": _BY_NUMBER["-id"], "id": _BY_NUMBER["id"]},
)


# ------------------------------------------------------------------ imports and their rows

IMPORTS = ListSpec(filters={}, orders={"-id": _BY_NUMBER["-id"], "id": _BY_NUMBER["id"]})
IMPORT_ROWS = ListSpec(
    filters={"result": filtering.choice("Result", "result", RowResult)},
    orders={"line": Order("Order of the sheet", ("line", "id"))},
)


# ------------------------------------------------------------------ escalations

# The tabs of the page: value -> (label, condition).
ESCALATION_VIEWS: Views = {
    "open": ("Open", lambda reader: Q(state__in=UNRESOLVED)),
    "resolved": ("Resolved", lambda reader: Q(state=EscalationState.RESOLVED)),
}
ESCALATIONS = ListSpec(
    filters={
        "show": filtering.named("View", ESCALATION_VIEWS, "Open or resolved ones."),
        "state": filtering.choice("State", "state", EscalationState),
        "severity": filtering.choice("Severity", "severity", Severity),
        "team": filtering.slug("Team", "team", Team.objects.visible_to, help="The slug of a team."),
    },
    orders={
        **_BY_NUMBER,
        "-started_at": Order("Latest started", ("-started_at", "-id")),
        "-resolved_at": Order("Latest resolved", ("-resolved_order", "-id")),
    },
)


# ------------------------------------------------------------------ reviews


def is_mine(reader: Reader) -> Q:
    """Open reviews that wait for the reader's answer, or that the reader leads."""
    waiting = Reviewer.objects.unanswered().filter(review=OuterRef("pk"), user_id=reader.user.pk)
    return Q(state=ReviewState.OPEN) & (Q(Exists(waiting)) | Q(claimed_by_id=reader.user.pk))


def _by_reviewer(values: Sequence[Any], reader: Reader) -> Q:
    people = [reader.user.pk if value == "me" else value for value in values]
    return Q(pk__in=Reviewer.objects.filter(user_id__in=people).values("review_id"))


# The tabs of the page: value -> (label, condition).
REVIEW_VIEWS: Views = {
    "mine": ("Waiting for me", is_mine),
    "open": ("All open", lambda reader: Q(state=ReviewState.OPEN)),
    "settled": ("Closed", lambda reader: Q(settled_at__isnull=False)),
}
REVIEWS = ListSpec(
    filters={
        "show": filtering.named(
            "View", REVIEW_VIEWS, "What waits for the reader, what is open, or what is over."
        ),
        "state": filtering.choice("State", "state", ReviewState),
        "kind": filtering.choice("Kind", "kind", SignalKind),
        "severity": filtering.choice("Severity", "severity", Severity),
        "outcome": filtering.choice("Outcome", "outcome", Outcome),
        "model": filtering.slug("Model", "model", Model.objects.visible_to, help="The slug of a model."),
        "reviewer": Filter(
            "Reviewer",
            _by_reviewer,
            filtering.number,
            special_values=(("me", "Me"),),
            help="The number of a person who was asked, or me.",
            shape=filtering.NUMBER,
        ),
    },
    orders={
        **_BY_NUMBER,
        "due_at": Order("Due first", ("due_at", "id")),
        "-opened_at": Order("Latest opened", ("-opened_at", "-id")),
        "-settled_at": Order("Latest closed", ("-settled_order", "-id")),
    },
)


# ------------------------------------------------------------------ risks

DUE_DAYS = 14


class WrittenQuery(SearchQuery):
    """A full-text query that is written into the statement instead of sent as a parameter.

    So PostgreSQL plans each text by the frequency of its words. A prepared statement has one plan for all
    texts: it reads every risk to find the few that have a rare word.
    """

    def __init__(self, words: Sequence[str], config: str) -> None:
        """words: all are required, the last one also as a prefix. Raises ValueError for one with a sign."""
        if not all(re.fullmatch(r"\w+", one) for one in (*words, config)):
            raise ValueError("A word has only letters, digits and underscores, so it needs no quotes.")
        text = " & ".join([*words[:-1], f"{words[-1]}:*"])
        super().__init__(text, search_type="raw", config=config)
        self.written = f"to_tsquery('{config}'::regconfig, '{text}')"

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **options: Any) -> tuple[str, list[Any]]:
        return self.written, []


def search_query(text: str) -> SearchQuery | None:
    """Return a full-text query for all words of a text, the last also as a prefix; None for no words.

    Its language is that of the organisation, as in the documents that it is compared with.
    """
    words = re.findall(r"\w+", text)[:12]
    return WrittenQuery(words, people.search_language()) if words else None


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
LISTS = (RISK_LIST,)
