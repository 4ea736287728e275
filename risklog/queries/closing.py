"""What speaks against closing a risk: open breaches of its own metric."""

from kit.sight import Visitor
from risklog.models import Risk
from signals.models import Breach
from signals.states import BreachState


def open_breaches(risk: Risk, reader: Visitor | None) -> list[Breach]:
    """Return the open breaches of the risk's metric that the reader may see, the worst first.

    reader: None for all of them. A risk without a metric has none, and costs no query.
    """
    if risk.series_id is None:
        return []
    rows = Breach.objects.filter(series=risk.series_id, state=BreachState.OPEN)
    if reader is not None:
        rows = rows.visible_to(reader)
    return list(rows.select_related("group__subject").order_by("-level", "id"))
