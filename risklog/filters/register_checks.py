"""The order of the checks of the register."""

from lists.specification import ListSpec, Order

REGISTER_CHECKS = ListSpec(filters={}, orders={"id": Order("In the order of the table", ("id",))})
