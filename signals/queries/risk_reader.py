"""The risks that a panel of a dashboard lists. riskhub/panels.py installs the reader of the upper room."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from kit.rights import may
from people.models import User


@dataclass(frozen=True, slots=True)
class RiskReader:
    """How the live risks of models are read, in one query. permission: checked with (user, None).

    Each risk is {"subject": id, "reference", "title", "level": 1 to 5, "level_name", "state", "link",
    "model": id}, worst first.
    """

    query: Callable[[User, Collection[int]], Iterable[dict[str, Any]]]
    permission: str


_readers: list[RiskReader] = []


def install(reader: RiskReader) -> None:
    _readers[:] = [reader]


def risks_of(user: User, models: Collection[int]) -> list[dict[str, Any]]:
    """Return the live risks of models that the reader may see, worst first."""
    return [
        risk for reader in _readers if may(user, reader.permission) for risk in reader.query(user, models)
    ]
