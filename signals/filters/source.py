"""The list specification of sources: filters and orders of the page and the API."""

from lists import filtering
from lists.collation import BY_NAME
from lists.specification import ListSpec, Order
from signals.states import Adapter

BY_NUMBER = {"id": Order("Oldest", ("id",)), "-id": Order("Newest", ("-id",))}


SOURCES = ListSpec(
    filters={
        "slug": filtering.exact("Slug", "slug"),
        "adapter": filtering.choice("Format", "adapter", Adapter),
    },
    orders={"name": Order("Name, A to Z", BY_NAME), **BY_NUMBER},
)
