"""The list specification of workflows: filters and orders of the page and the API."""

from django.db.models import Q

from catalogue.models import Model
from lists import filtering
from lists.collation import BY_NAME, BY_NAME_BACKWARDS
from lists.specification import ListSpec, Order
from people import queries as people

WORKFLOWS = ListSpec(
    filters={
        "q": filtering.part("Name", "name", help="A part of the name."),
        "model": filtering.slug("Model", "model", Model.objects.visible_to, help="The slug of a model."),
        "owner": filtering.person("Owner", "owner", people.options, names=people.names),
        "is_retired": filtering.flag(
            "Retired", Q(is_retired=True), "true: only retired ones.", labels=("Retired", "In use")
        ),
    },
    orders={
        "name": Order("Name, A to Z", BY_NAME),
        "-name": Order("Name, Z to A", BY_NAME_BACKWARDS),
        "-id": Order("Newest", ("-id",)),
        "id": Order("Oldest", ("id",)),
    },
)
WORKFLOW_VERSIONS = ListSpec(
    filters={},
    orders={
        "-number": Order("Latest", ("-number", "-id")),
        "number": Order("First", ("number", "id")),
    },
)
