"""What a reader may see, as a queryset can use it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sight:
    """ids: subjects (the person, their teams) whose naming on a restricted object grants sight of it."""

    ids: tuple[int, ...] = ()
    everything: bool = False

    def sees(self, viewers: Iterable[int] | None) -> bool:
        """Whether a subject that these may see (None: everyone) may be seen: visible_to(), of one loaded."""
        return viewers is None or self.everything or not set(self.ids).isdisjoint(viewers)
