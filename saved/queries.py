"""Reading saved views: the tabs of a list, their counts, and what a page of a view needs."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import TruncWeek
from django.urls import reverse

from history import declarations
from history.models import Event, Subject
from kit.rights import may
from kit.sight import Visitor
from lists import counting
from lists.collation import BY_NAME
from lists.registry import NamedList
from lists.specification import BadQuery, Reader, Selection
from people.models import User
from saved.models import SavedView, Subscription
from saved.states import Pace, ViewState

DRY_DAYS = 30
_RULE = "view_subscribers"  # of saved.recipients, in the declarations of the events that it tells of
MAX_TABS = 100
# The built-in views that are tabs. The others, and what does not fit, are in the menu beside the tabs.
PINNED_BUILT_IN, PINNED_OWN = 4, 4


@dataclass(frozen=True, slots=True)
class Tab:
    """One view of a list. key: unique in the page. pk: of the saved view, None for a built-in one.

    group: "built-in", "own" or "shared". is_current: the page shows its filters. is_same: also in its order.
    is_pinned: it is a tab; otherwise it is in the menu. may_change: the
    reader may rename, replace and delete it.
    """

    key: str
    label: str
    query: str
    address: str
    group: str
    pk: int | None = None
    is_current: bool = False
    is_same: bool = False
    is_pinned: bool = False
    may_change: bool = False


def of_list(name: str, user: Visitor) -> QuerySet[SavedView]:
    """Return the active views of a list that the reader may see, by name."""
    rows = SavedView.objects.visible_to(user).filter(list=name, state=ViewState.ACTIVE)
    return rows.order_by(*BY_NAME)


def tabs(listed: NamedList, user: User, selection: Selection) -> list[Tab]:
    """Return the views of a list: the built-in ones, the reader's, then those of others. One query.

    The one whose filters are those of the selection is the current one. Among several it is the one whose
    order is the same.
    """
    found = [
        Tab(view.key, view.present_label, view.query, listed.address(view.query), "built-in")
        for view in listed.built_in
    ]
    saved = [_tab_of(view, listed, user) for view in of_list(listed.name, user)[:MAX_TABS]]
    found += sorted(saved, key=lambda tab: tab.group)
    current, is_same = _current(found, listed, selection)
    pinned = {tab.key for tab in found if tab.group == "built-in"} & {
        view.key for view in listed.built_in[:PINNED_BUILT_IN]
    }
    pinned |= {tab.key for tab in [tab for tab in found if tab.group == "own"][:PINNED_OWN]}
    return [
        replace(tab, is_current=True, is_same=is_same, is_pinned=True)
        if tab.key == current
        else replace(tab, is_pinned=tab.key in pinned)
        for tab in found
    ]


def _tab_of(view: SavedView, listed: NamedList, user: User) -> Tab:
    return Tab(
        key=f"saved-{view.pk}",
        label=view.name,
        query=view.query,
        address=listed.address(view.query),
        group="own" if view.owner_id == user.pk else "shared",
        pk=view.pk,
        may_change=may(user, "saved.view_change", view),
    )


def _current(found: list[Tab], listed: NamedList, selection: Selection) -> tuple[str, bool]:
    """Return the key of the current view, "" without one, and whether its order is that of the selection."""
    same: list[tuple[bool, str]] = []
    for tab in found:
        own = _read(listed, tab.query)
        if own is not None and _values(own) == _values(selection):
            is_same = own.order == selection.order and own.columns == selection.columns
            same.append((is_same, tab.key))
    is_same, key = max(same, key=lambda pair: pair[0], default=(False, ""))
    return key, is_same


def _values(selection: Selection) -> dict[str, set[Any]]:
    return {name: set(values) for name, values in selection.values.items()}


def _read(listed: NamedList, query: str) -> Selection | None:
    """Parse the query of a view. A view that was saved with a filter that the list no longer has is None."""
    try:
        return listed.read(query)
    except BadQuery:
        return None


def counts(listed: NamedList, user: User, reader: Reader) -> dict[str, tuple[int, bool]]:
    """Return the number of rows of each view for this reader: key -> (number, is capped). Two queries."""
    whole = listed.read("")
    rows = {
        tab.key: listed.chosen(selection, reader)
        for tab in tabs(listed, user, whole)
        if (selection := _read(listed, tab.query)) is not None
    }
    return counting.capped_counts(rows)


def labels(listed: NamedList | None, query: str, user: Visitor) -> list[str]:
    """Return what a query filters by, such as "Owner: Ana Moreau", its order and its columns.

    A row that the reader may not see is "unknown". At most one query per filter.
    """
    selection = _read(listed, query) if listed else None
    if listed is None or selection is None:
        return [query]
    found = []
    for name, text, _ in listed.spec.chips(selection):
        known = listed.spec.names_of(name, selection, user)
        values = ", ".join(known[key] or "unknown" for key in known) if known is not None else ""
        found.append(f"{listed.spec.filters[name].label}: {values}" if values else text)
    if "order" in selection.texts:
        found.append(f"Order: {listed.spec.orders[selection.order].label}")
    if selection.columns:
        found.append(f"Columns: {', '.join(listed.spec.columns[name] for name in selection.columns)}")
    return found


def summary(view: SavedView) -> str:
    """Return which filters a view has, without their values: a list of views names no other objects."""
    listed = view.of_list
    selection = _read(listed, view.query) if listed else None
    if listed is None or selection is None:
        return "Its filters are not available any more"
    labels = [listed.spec.filters[name].label for name in selection.values]
    return ", ".join(labels) or "All rows"


def deleted_by(view: SavedView) -> Subject | None:
    """Return who deleted a view last."""
    events = Event.objects.filter(subject_id=view.subject_id, verb="saved.view_deleted")
    latest = events.select_related("actor").order_by("-at", "-id").first()
    return latest.shown_actor if latest else None


def for_page(user: Visitor) -> QuerySet[SavedView]:
    return SavedView.objects.visible_to(user).select_related("subject", "owner")


def new_address(listed: NamedList, selection: Selection) -> str:
    """Return the address of the form that saves this selection."""
    return f"{reverse('saved:view_new')}?{urlencode({'list': listed.name, 'query': selection.query()})}"


def page_context(listed: NamedList, user: User, selection: Selection) -> dict[str, Any]:
    """Return what the page of a list needs for its views. One query."""
    shown = tabs(listed, user, selection)
    return {
        "tabs": shown,
        "save_url": "" if any(tab.is_same for tab in shown) else new_address(listed, selection),
        "counts_url": reverse("saved:view_counts", args=[listed.name]),
    }


# ------------------------------------------------------------------ subscriptions


@dataclass(frozen=True, slots=True)
class NewsEstimate:
    """How often a subscription would have notified its reader in the last DRY_DAYS days.

    changes: how often at once; is_capped: there are more. digests: in how many weekly digests.
    """

    changes: int
    is_capped: bool
    digests: int


def pace_of(view: SavedView, user: Visitor) -> str:
    """Return the pace at which a person subscribes to a view, "" without a subscription."""
    rows = Subscription.objects.filter(view=view, user=user.pk, ended_at__isnull=True)
    return rows.values_list("pace", flat=True).first() or ""


def estimate(view: SavedView, reader: Reader) -> NewsEstimate:
    """Count the changes of the last DRY_DAYS days to what the view shows this reader now. Two queries."""
    events = changes_of(view, reader, since=reader.at - timedelta(days=DRY_DAYS))
    if events is None:
        return NewsEstimate(0, False, 0)
    number, is_capped = counting.capped_count(events)
    weeks = events.order_by().annotate(week=TruncWeek("at")).values("week").distinct()
    return NewsEstimate(number, is_capped, weeks.count())


def changes_of(view: SavedView, reader: Reader, *, since: datetime) -> QuerySet[Event] | None:
    """Return the events since a moment, by others, about what the view shows this reader now.

    None if the list no longer has a filter of the view.
    """
    listed = view.of_list
    selection = _read(listed, view.query) if listed else None
    if listed is None or selection is None:
        return None
    verbs = [one.verb for one in declarations.every() if _RULE in {rule.__name__ for rule in one.recipients}]
    rows = listed.chosen(selection, reader).order_by().values("subject")
    found = Event.objects.filter(verb__in=verbs, at__gt=since, at__lte=reader.at, subject__in=rows)
    return found.exclude(actor=reader.user.subject_id) if isinstance(reader.user, User) else found


def has_subscriptions(user: OuterRef, pace: Pace) -> Exists:
    """Return the condition that a person of the outer query subscribes to a view at this pace."""
    return Exists(Subscription.objects.filter(user=user, pace=pace, ended_at__isnull=True))


def subscriptions_of(user: User, pace: Pace) -> QuerySet[Subscription]:
    """Return the subscriptions of a person at a pace whose views they may see, oldest first."""
    rows = Subscription.objects.visible_to(user).filter(
        user=user, pace=pace, ended_at__isnull=True, view__state=ViewState.ACTIVE
    )
    return rows.select_related("view").order_by("pk")
