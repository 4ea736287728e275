"""Collects what the rooms declare: KINDS in kinds.py, EVENTS in events.py, LISTS in filters.py."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.apps import apps
from django.utils.module_loading import module_has_submodule

from history import declarations
from history.declarations import EventType
from kit import kinds
from kit.kinds import Kind
from lists import registry
from lists.registry import NamedList


def declared(shelf: str, table: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield (room, table) for every installed app that has this shelf, from the top of the column down."""
    for config in apps.get_app_configs():
        if config.module and module_has_submodule(config.module, shelf):
            found = getattr(import_module(f"{config.name}.{shelf}"), table, None)
            if found is not None:
                yield config.name, found


def install_kinds() -> None:
    """Install the kinds of all rooms."""
    kinds.install(kind for _, found in declared("kinds", "KINDS") for kind in found if isinstance(kind, Kind))


def install_events() -> None:
    """Install the events of all rooms."""
    declarations.install(
        event for _, found in declared("events", "EVENTS") for event in found if isinstance(event, EventType)
    )


def install_lists() -> None:
    """Install the lists of all rooms that readers can save views of."""
    registry.install(
        one for _, found in declared("filters", "LISTS") for one in found if isinstance(one, NamedList)
    )
