"""The ways in which an operation says no. Views and the API turn them into answers."""

from typing import Any


class Refused(Exception):
    """What was asked cannot be done. `field` names the input at fault, `message` says the fix."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class IllegalMove(Refused):
    """The object is not in a state from which this step leads."""


class Busy(Refused):
    """The same thing is being done at this moment; ask again in a little while."""


class ChangedMeanwhile(Refused):
    """Somebody else changed the row since the writer looked. `present` is the row as it stands now."""

    def __init__(self, message: str, *, present: Any) -> None:
        super().__init__(message)
        self.present = present
