"""Operations on saved views: add, change, delete, restore, subscribe, unsubscribe."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from history import operations as history
from history.operations import GrantReason, NewGrant, Placement, Reach
from kit.actor import Actor
from kit.refusals import Refused
from kit.sight import EVERYONE
from lists import registry
from lists.specification import BadQuery
from people.models import User
from saved import events, permissions
from saved.models import SavedView, Subscription
from saved.states import Pace, ViewState

MAX_PER_PERSON = 100
MAX_SUBSCRIPTIONS = 20
CHANGEABLE = ("name", "query", "is_shared")


@transaction.atomic
def add(
    *, list: str, name: str, query: str = "", is_shared: bool = False, by: Actor, at: datetime
) -> SavedView:
    """Save a view of a list under a name.

    query: a query string of the list; what it says of pages is dropped.
    Raises Refused with the name of the field: for an unknown list, a query that the list does not accept, a
    name that the person has given to another view of this list, and without the right to share.
    """
    person = by.person
    if person is None:
        raise Refused("A person saves a view, not the system.")
    if SavedView.objects.filter(owner=person, state=ViewState.ACTIVE).count() >= MAX_PER_PERSON:
        raise Refused(f"You have {MAX_PER_PERSON} saved views. Delete one first.", field="name")
    view = SavedView(
        list=list,
        name=_name(name),
        query=checked_query(list, query),
        owner=person,
        is_shared=is_shared,
        updated_at=at,
    )
    _refuse_second(view)
    if is_shared:
        _refuse_to_share(view, by)
    grant = NewGrant(person.subject_id, GrantReason.OWNER, Reach.ROOT)
    history.record(
        view,
        "saved.view_added",
        by=by,
        at=at,
        placed=Placement(viewers=None if is_shared else [person.subject_id], is_root=True, grants=[grant]),
    )
    return view


@transaction.atomic
def change(
    view: SavedView, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> SavedView:
    """Change the name, the query, or whether everyone sees the view.

    values: a part of CHANGEABLE. The subscriptions of others to a view that becomes private end, and they are
    told. Raises Refused as add() does, and for a deleted view; ChangedMeanwhile.
    """
    if view.is_deleted:
        raise Refused("This view was deleted. Restore it first.")
    values = {name: values[name] for name in CHANGEABLE if name in values}
    if "name" in values:
        values["name"] = _name(values["name"])
    if "query" in values:
        values["query"] = checked_query(view.list, values["query"])
    proposed = SavedView(
        pk=view.pk, list=view.list, owner=view.owner, **{n: getattr(view, n) for n in CHANGEABLE} | values
    )
    _refuse_second(proposed)
    was_shared = view.is_shared
    if proposed.is_shared and ("query" in values or not was_shared):
        _refuse_to_share(proposed, by)
    if all(getattr(view, name) == value for name, value in values.items()):
        return view
    history.change(view, {**values, "updated_at": at}, by=by, at=at, seen=seen, verb="saved.view_changed")
    if "name" in values:
        history.retitle(view)
    if was_shared and not view.is_shared:
        _tell_others(view, by=by, at=at)
        _end_subscriptions(view, at, others=True)
    if view.is_shared != was_shared:
        history.restrict(view.subject, None if view.is_shared else [])
    return view


@transaction.atomic
def hand_over(view: SavedView, to: User, *, by: Actor, at: datetime) -> SavedView:
    """Give a shared view another owner. It gets another name if the new owner has a view of this name.

    Raises Refused for a view that is not shared, because only its owner may see it.
    """
    if not view.is_shared:
        raise Refused("Only shared views are handed over. Share it first.")
    former, name, number = view.owner, view.name, 2
    taken = SavedView.objects.filter(owner=to, list=view.list, state=ViewState.ACTIVE)
    while taken.filter(name__iexact=name).exists():
        name, number = f"{view.name[:70]} ({number})", number + 1
    values = {"owner": to, "name": name, "updated_at": at}
    history.change(view, values, by=by, at=at, verb="saved.view_handed_over")
    history.hand_over_roots([(view.subject, former, to)], reason=GrantReason.OWNER, by=by, at=at)
    history.retitle(view)
    return view


@transaction.atomic
def delete(view: SavedView, *, by: Actor, at: datetime, seen: int | None = None) -> SavedView:
    """Delete a view. Its address still leads to its filters, and restore() takes the deletion back.

    Subscriptions to it end, and its subscribers are told. They do not come back with the view.
    """
    history.move(view, ViewState.DELETED, values={"updated_at": at}, by=by, at=at, seen=seen)
    _end_subscriptions(view, at)
    history.retire(view)
    return view


@transaction.atomic
def restore(view: SavedView, *, by: Actor, at: datetime, seen: int | None = None) -> SavedView:
    """Take a deletion back. Raises Refused if its owner has given the name to another view meanwhile."""
    _refuse_second(view)
    history.move(view, ViewState.ACTIVE, values={"updated_at": at}, by=by, at=at, seen=seen)
    history.retire(view, is_retired=False)
    return view


@transaction.atomic
def subscribe(view: SavedView, *, pace: Pace, by: Actor, at: datetime) -> Subscription:
    """Tell a person of changes to what a view shows them, at this pace; another pace replaces the former.

    Raises Refused for a deleted view, for more than MAX_SUBSCRIPTIONS, and for an unknown pace.
    """
    if view.is_deleted:
        raise Refused("This view was deleted. Choose another one.", field="pace")
    if pace not in Pace.values:
        raise Refused(f"Use one of {', '.join(Pace)}.", field="pace")
    own = Subscription.objects.filter(user=by.person, ended_at__isnull=True).exclude(view=view)
    if own.count() >= MAX_SUBSCRIPTIONS:
        raise Refused(f"You subscribe to {MAX_SUBSCRIPTIONS} views. End a subscription first.", field="pace")
    return Subscription.objects.bulk_create(
        [Subscription(view=view, user=by.person, pace=pace, since=at)],
        update_conflicts=True,
        unique_fields=["view", "user"],
        update_fields=["pace", "since", "ended_at"],
    )[0]


@transaction.atomic
def unsubscribe(view: SavedView, *, by: Actor, at: datetime) -> None:
    """Tell a person no more of a view."""
    Subscription.objects.filter(view=view, user=by.person).delete()


def _tell_others(view: SavedView, *, by: Actor, at: datetime) -> None:
    """Tell the other subscribers that the view is private now. It is on themselves: they may not see it."""
    rows = Subscription.objects.filter(view=view, ended_at__isnull=True).exclude(user=view.owner_id)
    for row in rows.select_related("user__subject").order_by("user_id"):
        payload = events.SubscriptionEnded(told=[row.user_id], view=view.name)
        history.record(row.user, payload, by=by, at=at)


def _end_subscriptions(view: SavedView, at: datetime, *, others: bool = False) -> None:
    """End the subscriptions to a view; of all, or of all but its owner."""
    rows = Subscription.objects.filter(view=view, ended_at__isnull=True)
    if others:
        rows = rows.exclude(user=view.owner_id)
    rows.update(ended_at=at)


def checked_query(name: str, query: str) -> str:
    """Return the query as the list writes it, without paging. Raises Refused for "list" or "query"."""
    listed = registry.find(name)
    if listed is None:
        known = ", ".join(sorted(one.name for one in registry.every()))
        raise Refused(f"There is no such list. Known: {known}.", field="list")
    try:
        return listed.read(query).query()
    except BadQuery as error:
        problems = " ".join(f"{name}: {message}" for name, message in error.errors.items())
        raise Refused(problems, field="query") from None


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Refused("Enter a name.", field="name")
    return name


def _refuse_second(view: SavedView) -> None:
    """Raise Refused if the owner has another view of this list under this name."""
    named = SavedView.objects.filter(
        owner=view.owner, list=view.list, name__iexact=view.name, state=ViewState.ACTIVE
    )
    if named.exclude(pk=view.pk).exists():
        raise Refused(f"There is already a view called “{view.name}”. Choose another name.", field="name")


def _refuse_to_share(view: SavedView, by: Actor) -> None:
    """Raise Refused without the right, and for a filter by an object that not everyone may see.

    An object that does not exist is refused in the same words, so that they tell nothing about hidden ones.
    """
    if isinstance(by.person, User) and not permissions.may_share(by.person, view):
        raise Refused("Your role does not allow you to share views.", field="is_shared")
    listed = registry.find(view.list)
    if listed is None:
        return
    selection = listed.read(view.query)
    for name in selection.values:
        known = listed.spec.names_of(name, selection, EVERYONE)
        if known is not None and None in known.values():
            label = listed.spec.filters[name].label
            raise Refused(
                f"{label}: this filters by something that does not exist or that not everyone may see."
                " Remove the filter to share.",
                field="is_shared",
            )
