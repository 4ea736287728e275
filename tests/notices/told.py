"""What the tests of waiting mails know of one."""

from typing import Any, NamedTuple

from tests.moments import AT


class Told(NamedTuple):
    """An object with a waiting mail to `reader`. at: the moment of its creation."""

    obj: Any
    reader: Any
    at: Any = AT
