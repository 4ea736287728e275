"""The filters, orders and tabs of reviews."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Coalesce

from catalogue.models import Model
from lists import filtering
from lists.specification import Filter, ListSpec, Order, Reader
from risklog.models import Reviewer
from risklog.states import Outcome, ReviewState, Severity
from signals.states import SignalKind

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
# The columns of an order may not be null. What is not closed yet comes last.
SETTLED_ORDER = Coalesce("settled_at", Value(_LONG_AGO))


def is_mine(reader: Reader) -> Q:
    """Open reviews that wait for the reader's answer, or that the reader leads."""
    waiting = Reviewer.objects.unanswered().filter(review=OuterRef("pk"), user_id=reader.user.pk)
    return Q(state=ReviewState.OPEN) & (Q(Exists(waiting)) | Q(claimed_by_id=reader.user.pk))


def _by_reviewer(values: Sequence[Any], reader: Reader) -> Q:
    people = [reader.user.pk if value == "me" else value for value in values]
    return Q(pk__in=Reviewer.objects.filter(user_id__in=people).values("review_id"))


# The tabs of the page: value -> (label, condition).
REVIEW_VIEWS: Mapping[str, tuple[str, Callable[[Reader], Q]]] = {
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
            filtering.person_key,
            special_values=(("me", "Me"),),
            help=f"{filtering.A_PERSON} who was asked, or me.",
            shape=filtering.PERSON,
        ),
    },
    orders={
        "id": Order("Oldest", ("id",)),
        "-id": Order("Newest", ("-id",)),
        "due_at": Order("Due first", ("due_at", "id")),
        "-opened_at": Order("Latest opened", ("-opened_at", "-id")),
        "-settled_at": Order("Latest closed", ("-settled_order", "-id")),
    },
)
