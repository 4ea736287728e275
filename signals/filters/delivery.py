"""The list specification of the deliveries of a source: filters and orders of the API."""

from django.db.models import Q

from lists import filtering
from lists.specification import ListSpec, Order

DELIVERIES = ListSpec(
    filters={
        "result": filtering.named(
            "Result",
            {
                "accepted": ("Accepted", lambda reader: Q(status__lt=300, rejected=0)),
                "partly": ("Partly accepted", lambda reader: Q(status__lt=300, rejected__gt=0)),
                "rejected": ("Rejected", lambda reader: Q(status__gte=300)),
            },
        ),
    },
    orders={
        "-at": Order("Newest", ("-at", "-id")),
        "at": Order("Oldest", ("at", "id")),
    },
)
