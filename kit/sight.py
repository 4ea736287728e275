"""What a person may see: the subjects that give access to restricted objects, in a form for querysets."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, Union

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models.expressions import Combinable


@dataclass(frozen=True, slots=True)
class Sight:
    """What a reader may see.

    ids: the subjects of the person and of their teams. A restricted object is visible if it names one of
    them.
    nothing: this reader is not signed in and sees no object.
    everything: this reader is an auditor, who sees restricted objects, too.
    argument: an expression that stands for `ids` in a statement that is compiled before its reader is known
    (kit.prepared.PreparedForReader).
    """

    ids: tuple[int, ...] = ()
    nothing: bool = False
    everything: bool = False
    argument: "Combinable | None" = None

    def sees(self, viewers: Iterable[int] | None, granted: Iterable[int] = ()) -> bool:
        """Return whether the reader may see one loaded subject; the same answer as visible_to().

        viewers, granted: the columns of the subject; viewers is None where everyone may see it.
        """
        if self.nothing:
            return False
        if viewers is None or self.everything:
            return True
        own = set(self.ids)
        return not (own.isdisjoint(viewers) and own.isdisjoint(granted))


class SignedIn(Protocol):
    """A signed-in person (people.models.User), for the rooms below people, which cannot import it."""

    pk: int
    is_active: bool

    @property
    def is_authenticated(self) -> bool: ...
    @property
    def subject_id(self) -> int: ...
    @property
    def sight(self) -> Sight: ...


# The sender of a request: a person, or an anonymous user, who sees nothing.
Visitor: TypeAlias = Union[SignedIn, "AnonymousUser"]


@dataclass(slots=True)
class _Everyone:
    """A reader who sees exactly what everyone in the organisation may see."""

    pk: int = 0
    subject_id: int = 0
    is_active: bool = True
    is_authenticated: bool = True
    sight: Sight = Sight()


EVERYONE = _Everyone()


def sight_of(user: Visitor) -> Sight:
    """Return what a visitor may see. A visitor who is not signed in sees nothing."""
    return user.sight if user.is_authenticated else Sight(nothing=True)
