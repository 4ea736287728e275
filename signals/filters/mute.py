"""The list specification of mutes."""

from dataclasses import replace

from lists import filtering
from lists.specification import ListSpec, Order

MUTES = ListSpec(
    filters={
        "author": replace(
            filtering.key("Author", "author_id", f"{filtering.A_PERSON}."),
            parse=filtering.person_key,
            shape=filtering.PERSON,
        )
    },
    orders={
        "-ends_at": Order("Last to end first", ("-ends_at", "-id")),
        "ends_at": Order("First to end first", ("ends_at", "id")),
    },
)
