"""The list specification of the versions of a model: filters and orders of the page and the API."""

from catalogue.states import VersionStage
from lists import filtering
from lists.specification import ListSpec, Order

VERSIONS = ListSpec(
    filters={
        "name": filtering.exact("Name", "name", help="The exact name or number."),
        "stage": filtering.choice("Stage", "stage", VersionStage),
    },
    orders={
        "-made_at": Order("Newest", ("-made_at", "-id")),
        "made_at": Order("Oldest", ("made_at", "id")),
        "id": Order("Registered first", ("id",)),
    },
)
