"""The list specification of the votes for a learning."""

from lists import filtering
from lists.specification import ListSpec, Order

VOTES = ListSpec(
    filters={"user": filtering.person("Voter", "user")},
    orders={
        "-id": Order("Newest", ("-id",)),
        "id": Order("Oldest", ("id",)),
    },
)
