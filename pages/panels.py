"""What upper rooms show on a lower room's page.

riskhub/panels.py lists the panels; this module stores them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from kit.kinds import Kind


@dataclass(frozen=True, slots=True)
class Panel:
    """One fragment on a page of another room.

    place: the page, such as "risklog.risk". slot: "main", "timeline", "rail" or "bar". query(user, obj): its
    result is `panel` in the template; the panel is left out if it is None. permission: checked before the
    query, with (user, None). In the slot "column", the template is a cell of each row of a list, and the
    query runs once for all rows (catalogue/views/model.py); "row" is the same below a row
    (signals/views/pattern.py). is_later: a second request loads it after the page, which shows the object
    sooner. Only panels in the slot "main" of the page of a kind can be loaded later.
    """

    place: str
    slot: str
    template: str
    query: Callable[[Any, Any], Any]
    permission: str
    is_later: bool = False

    def __post_init__(self) -> None:
        if self.is_later and self.slot != "main":
            raise ValueError(f"The panel {self.template} of {self.place} cannot be later: it is not in main.")


_panels: list[Panel] = []


def install(panels: Iterable[Panel]) -> None:
    _panels[:] = panels


def panels_of(place: str, slot: str) -> list[Panel]:
    """Return the panels of one place and slot that come with the page, in the order of the table."""
    return [one for one in _panels if (one.place, one.slot) == (place, slot) and not one.is_later]


def later_panels_of(kind: Kind) -> list[Panel]:
    """Return the panels that are loaded after the page of a kind, in the order of the table."""
    place = f"{kind.row._meta.app_label}.{kind.key}"
    return [one for one in _panels if one.place == place and one.is_later]
