"""The list specification of mutes."""

from lists import filtering
from lists.specification import ListSpec, Order

MUTES = ListSpec(
    filters={"author": filtering.key("Author", "author_id", "The number of a person.")},
    orders={
        "-ends_at": Order("Last to end first", ("-ends_at", "-id")),
        "ends_at": Order("First to end first", ("ends_at", "id")),
    },
)
