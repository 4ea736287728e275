"""The filters and orders of categories."""

from django.db.models import Q

from lists import filtering
from lists.collation import BY_NAME
from lists.specification import ListSpec, Order
from signals.states import SignalKind

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
