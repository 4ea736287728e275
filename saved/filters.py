"""What lists of saved views can be asked."""

from django.db.models import Q

from lists import filtering, registry
from lists.collation import BY_NAME
from lists.specification import ListSpec, Order
from people import queries as people

SPEC = ListSpec(
    filters={
        "list": filtering.declared_name(
            "List", "list", registry.names, "Use the name of a list, such as risks."
        ),
        "owner": filtering.person("Owner", "owner", people.options),
        "is_shared": filtering.flag("Shared", Q(is_shared=True), "true: only those shared with everyone."),
        "q": filtering.part("Name", "name", "A part of the name."),
    },
    orders={
        "name": Order("Name, A to Z", BY_NAME),
        "-updated_at": Order("Recently changed", ("-updated_at", "-id")),
        "id": Order("Oldest", ("id",)),
    },
)
