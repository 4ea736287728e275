"""The author of an act and the way it came in: the `by` of every operation."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

Via = Literal["page", "api", "task", "import"]
# A people.models.User. This room cannot import it, and operations of upper rooms use all its fields.
ActingUser: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Actor:
    """The author of an event.

    person: the signed-in user; None for the system itself. via: the way the act came in.
    token: the API token used, if any. hidden: the person asked not to be named on pages.
    """

    person: ActingUser = None
    via: Via = "task"
    hidden: bool = False
    token: Any = field(default=None, compare=False)

    @property
    def subject_id(self) -> int | None:
        return self.person.subject_id if self.person else None

    @property
    def token_subject_id(self) -> int | None:
        return self.token.subject_id if self.token else None

    def unnamed(self) -> "Actor":
        return replace(self, hidden=True)


SYSTEM = Actor()
