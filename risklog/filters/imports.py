"""The filters and orders of imports and of the rows of one."""

from lists import filtering
from lists.specification import ListSpec, Order
from risklog.states import RowResult

IMPORTS = ListSpec(filters={}, orders={"-id": Order("Newest", ("-id",)), "id": Order("Oldest", ("id",))})
IMPORT_ROWS = ListSpec(
    filters={"result": filtering.choice("Result", "result", RowResult)},
    orders={"line": Order("Order of the sheet", ("line", "id"))},
)
