"""What a reader may see, as a queryset can use it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sight:
    """ids: subjects (the person, their teams) whose naming on a restricted object grants sight of it."""

    ids: tuple[int, ...] = ()
    everything: bool = False


NOTHING_RESTRICTED = Sight()
