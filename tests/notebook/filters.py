"""What the list of notes can be asked."""

from kit import filtering
from kit.filtering import ListSpec, Order
from tests.notebook.states import State

SPEC = ListSpec(
    filters={"state": filtering.choice("State", "state", State)},
    orders={"-id": Order("Newest", ("-id",)), "id": Order("Oldest", ("id",))},
)
