"""The recipients of events by saved views: subscribers of what changed, and of a view that was deleted."""

from collections.abc import Iterator

from history.models import Event
from history.recipients import everyone, in_group
from history.states import NewsGroup
from kit import clock
from lists import counting
from lists.specification import BadQuery, Reader
from people import queries as people
from people.models import User
from saved.models import Subscription
from saved.states import Pace, ViewState

_AT_ONCE = 50  # subscriptions whose views one query compares with an object


@in_group(NewsGroup.FOLLOWED)
def view_subscribers(event: Event) -> dict[int, str]:
    """Return those whose view shows the object now, to them, and who want to be told at once."""
    rows = Subscription.objects.filter(
        pace=Pace.NOW, ended_at__isnull=True, view__state=ViewState.ACTIVE, user__is_active=True
    )
    found = list(rows.select_related("view").order_by("pk"))
    readers = User.objects.with_sight().in_bulk({one.user_id for one in found})
    reasons: dict[int, str] = {}
    for start in range(0, len(found), _AT_ONCE):
        for one in _showing(found[start : start + _AT_ONCE], readers, event):
            reasons.setdefault(one.user_id, f"In your view “{one.view.name}”")
    return reasons


def _showing(found: list[Subscription], readers: dict[int, User], event: Event) -> Iterator[Subscription]:
    """Yield the subscriptions whose view shows the subject of the event to its subscriber. One query."""
    at, today = clock.now(), people.local_day(clock.now())
    rows = {}
    for one in found:
        listed, reader = one.view.of_list, Reader(readers[one.user_id], today, at)
        try:
            selection = listed.read(one.view.query) if listed else None
        except BadQuery:  # the list no longer has this filter
            continue
        if listed is None or selection is None:
            continue
        chosen = listed.chosen(selection, reader)
        if event.subject.kind == chosen.model.KIND:
            rows[str(one.pk)] = chosen.filter(subject=event.subject_id)
    counts = counting.capped_counts(rows)
    yield from (one for one in found if counts.get(str(one.pk), (0, False))[0])


def former_subscribers(event: Event) -> dict[int, str]:
    """Return those whose subscription ended with the deletion of the view."""
    ended = Subscription.objects.filter(view__subject=event.subject_id, ended_at=event.at)
    return everyone(ended.values_list("user_id", flat=True), "You subscribed to this view. That has ended")
