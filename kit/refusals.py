"""The exceptions by which an operation refuses. Pages and the API turn them into answers."""

from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """The operation cannot be done. message: the reason and the fix. field: the input at fault, if any.

    further: the other fields at fault, each with its reason and fix.
    """

    def __init__(
        self, message: str, *, field: str | None = None, further: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.further = dict(further or {})

    @property
    def whole_message(self) -> str:
        """Return the messages of all fields at fault, for a place that shows one text."""
        return " ".join((self.message, *self.further.values()))


class IllegalMove(Refused):
    """The object is not in a state that allows this step."""


class Busy(Refused):
    """The same request is running at this moment. The client may retry after a second."""


class ChangedMeanwhile(Refused):
    """Somebody else changed the row after the writer read it. present: the row as it is now."""

    def __init__(self, message: str, *, present: Any) -> None:
        super().__init__(message)
        self.present = present
