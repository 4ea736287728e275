"""The list specifications of what is below an incident: its updates and its further models."""

from lists.specification import ListSpec, Order

UPDATES = ListSpec(filters={}, orders={"-id": Order("Newest", ("-id",)), "id": Order("Oldest", ("id",))})
INVOLVED_MODELS = ListSpec(filters={}, orders={"id": Order("As they were added", ("id",))})
