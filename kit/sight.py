"""What a reader may see, as a queryset can use it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sight:
    """ids: the subjects (the person, their teams) that give sight of a restricted object when it names one.

    everything: this reader sees all objects, restricted or not.
    """

    ids: tuple[int, ...] = ()
    everything: bool = False

    def sees(self, viewers: Iterable[int] | None, granted: Iterable[int] = ()) -> bool:
        """Return what visible_to() answers for one subject that is loaded.

        viewers, granted: the columns of the subject; viewers is None where everyone may see it.
        """
        if viewers is None or self.everything:
            return True
        own = set(self.ids)
        return not (own.isdisjoint(viewers) and own.isdisjoint(granted))
