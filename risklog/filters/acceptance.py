"""The filters and orders of acceptances."""

from lists import filtering
from lists.specification import ListSpec, Order
from risklog.states import AcceptanceState

ACCEPTANCES = ListSpec(
    filters={"state": filtering.choice("State", "state", AcceptanceState)},
    orders={"-id": Order("Newest", ("-id",)), "id": Order("Oldest", ("id",))},
)
