"""Comments, as their operation makes them."""

from itertools import count

from history.models import Subject
from kit.actor import Actor
from people.models import User
from talk.models import Comment
from talk.operations import comment as operations
from tests.conftest import AT
from tests.factories import people

_numbers = count(1)


def comment(about: Subject, text: str = "", *, author: User | None = None, at=AT) -> Comment:
    by = Actor(author or people.user(), "page")
    return operations.add(about=about, text=text or f"Remark {next(_numbers)}", by=by, at=at)
