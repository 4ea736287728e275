"""What a reader may see, as a queryset can use it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, Union

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


@dataclass(frozen=True, slots=True)
class Sight:
    """ids: the subjects (the person, their teams) that give sight of a restricted object when it names one.

    everything: this reader sees all objects, restricted or not. nothing: this reader is not signed in.
    """

    ids: tuple[int, ...] = ()
    everything: bool = False
    nothing: bool = False

    def sees(self, viewers: Iterable[int] | None, granted: Iterable[int] = ()) -> bool:
        """Return what visible_to() answers for one subject that is loaded.

        viewers, granted: the columns of the subject; viewers is None where everyone may see it.
        """
        if self.nothing:
            return False
        if viewers is None or self.everything:
            return True
        own = set(self.ids)
        return not (own.isdisjoint(viewers) and own.isdisjoint(granted))


class SignedIn(Protocol):
    """A signed-in person, as the rooms below people know them: a people.models.User."""

    pk: int
    is_active: bool

    @property
    def is_authenticated(self) -> bool: ...
    @property
    def subject_id(self) -> int: ...
    @property
    def sight(self) -> Sight: ...


# Whoever sends a request: a person, or somebody who is not signed in and therefore sees nothing.
Visitor: TypeAlias = Union[SignedIn, "AnonymousUser"]


def sight_of(user: Visitor) -> Sight:
    """Return what a visitor may see: nothing without being signed in."""
    return user.sight if user.is_authenticated else Sight(nothing=True)
