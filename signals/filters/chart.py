"""The parameters of charts: the period that they show."""

from collections.abc import Sequence

from django.db.models import Q

from lists.specification import Filter, ListSpec, Order, Reader


def _nothing(values: Sequence[str], reader: Reader) -> Q:
    """Narrow no rows: signals.api.period reads the texts itself."""
    return Q()


_MOMENT = "A moment such as 2026-11-23T10:00Z, or relative: -7d, -36h, -90min, now. "
CHARTS = ListSpec(
    filters={
        "from": Filter("From", _nothing, is_many=False, help=f"{_MOMENT}Default: -45d."),
        "until": Filter("Until", _nothing, is_many=False, help=f"{_MOMENT}Default: now."),
    },
    orders={"ts": Order("Oldest", ("ts",))},
    is_paged=False,
)
