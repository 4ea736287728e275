"""What upper rooms hang on a lower room's page. riskhub/panels.py says what hangs where; kit holds it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Panel:
    """One fragment on a page of another room.

    place: the page, such as "risklog.risk"; slot: "main", "timeline", "rail" or "bar". query(user, obj) gives
    what the template gets as `panel`; None leaves it out. permission: asked with (user, None) beforehand.
    """

    place: str
    slot: str
    template: str
    query: Callable[[Any, Any], Any]
    permission: str


_panels: list[Panel] = []


def install(panels: Iterable[Panel]) -> None:
    _panels[:] = panels


def hung_on(place: str, slot: str) -> list[Panel]:
    """The panels of one place, in the order of the table."""
    return [panel for panel in _panels if (panel.place, panel.slot) == (place, slot)]
