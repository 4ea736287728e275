"""The list specification of the uses of a learning."""

from lists import filtering
from lists.specification import ListSpec, Order

USES = ListSpec(
    filters={"user": filtering.person("Used by", "user")},
    orders={
        "-id": Order("Newest", ("-id",)),
        "id": Order("Oldest", ("id",)),
    },
)
