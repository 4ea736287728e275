"""Comments and files, as their operations make them."""

from itertools import count

from django.core.files.uploadedfile import SimpleUploadedFile

from history.models import Subject
from kit.actor import Actor
from people.models import User
from talk.models import Comment, File
from talk.operations import comment as operations
from talk.operations import file as files
from tests.conftest import AT
from tests.factories import people

_numbers = count(1)


def comment(about: Subject, text: str = "", *, author: User | None = None, at=AT) -> Comment:
    by = Actor(author or people.user(), "page")
    return operations.add(about=about, text=text or f"Remark {next(_numbers)}", by=by, at=at)


# The smallest PNG image: one transparent pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6300010000000500010d0a2db40000000049454e44ae426082"
)


def content(name: str = "notes.txt", data: bytes = b"Some notes.\n") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def file(
    about: Subject, name: str = "notes.txt", data: bytes = b"Some notes.\n", *, author=None, at=AT
) -> File:
    by = Actor(author or people.user(), "page")
    return files.add(about=about, file=content(name, data), by=by, at=at)
