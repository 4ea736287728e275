"""What upper rooms show on a lower room's page.

riskhub/panels.py lists the panels; this module stores them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Panel:
    """One fragment on a page of another room.

    place: the page, such as "risklog.risk". slot: "main", "timeline", "rail" or "bar". query(user, obj): its
    result is `panel` in the template; the panel is left out if it is None. permission: checked before the
    query, with (user, None). In the slot "column", the template is a cell of each row of a list, and the
    query runs once for all rows (catalogue/views/model.py); "row" is the same below a row
    (signals/views/pattern.py).
    """

    place: str
    slot: str
    template: str
    query: Callable[[Any, Any], Any]
    permission: str


_panels: list[Panel] = []


def install(panels: Iterable[Panel]) -> None:
    _panels[:] = panels


def panels_of(place: str, slot: str) -> list[Panel]:
    """Return the panels of one place and slot, in the order of the table."""
    return [panel for panel in _panels if (panel.place, panel.slot) == (place, slot)]
