"""The list specification of model registries: filters and orders of the page and the API."""

from django.db.models import Q

from lists import filtering
from lists.collation import BY_NAME
from lists.specification import ListSpec, Order

REGISTRIES = ListSpec(
    filters={
        "is_active": filtering.flag(
            "Active", Q(is_active=True), "true: only active ones; false: paused ones."
        ),
        "is_failing": filtering.flag(
            "Failing", ~Q(reading__error=""), "true: the last reading failed; false: it did not."
        ),
    },
    orders={
        "name": Order("Name", BY_NAME),
        "id": Order("Oldest", ("id",)),
        "-id": Order("Newest", ("-id",)),
    },
)
