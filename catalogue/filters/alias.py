"""The list specification of the aliases of a model: filters and orders of the page and the API."""

from lists import filtering
from lists.collation import BY_NAME, BY_NAME_BACKWARDS
from lists.specification import ListSpec, Order

ALIASES = ListSpec(
    filters={"name": filtering.exact("Name", "name", help="The exact name.")},
    orders={
        "name": Order("Name, A to Z", BY_NAME),
        "-name": Order("Name, Z to A", BY_NAME_BACKWARDS),
        "id": Order("Oldest", ("id",)),
        "-id": Order("Newest", ("-id",)),
    },
)
