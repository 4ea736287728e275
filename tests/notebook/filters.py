"""The filters and orders of the list of notes."""

from lists import filtering
from lists.specification import ListSpec, Order
from tests.notebook.states import State

SPEC = ListSpec(
    filters={"state": filtering.choice("State", "state", State)},
    orders={"-id": Order("Newest", ("-id",)), "id": Order("Oldest", ("id",))},
)
