"""What hangs on whose page: the upper rooms' parts of lower pages, on one screen."""

from kit import panels
from kit.panels import Panel

PANELS: tuple[Panel, ...] = ()


def install() -> None:
    panels.install(PANELS)
