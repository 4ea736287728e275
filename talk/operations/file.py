"""Operations on files: attach, remove, restore, and the deletion of what nobody can restore any more."""

import hashlib
import logging
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO, Any

from django.conf import settings
from django.core.files import File as Content
from django.core.files.storage import storages
from django.db import transaction

from history import operations as history
from history.models import Subject
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from talk.events import FileAdded, FileDeleted, FileRemoved, FileRestored
from talk.file_types import agree, claimed_by, clean_name, type_of
from talk.models import File
from talk.operations import about as subjects
from talk.states import FileState

log = logging.getLogger(__name__)
RESTORABLE = timedelta(days=30)
# Folders of the storage have the name of a day. Contents without a row are swept after a day, for eight days.
_SWEPT = range(1, 9)
_BATCH = 100


@transaction.atomic
def add(*, about: Subject, file: Content, by: Actor, at: datetime) -> File:
    """Attach a file to an object. Its content is stored before the row and the event are committed.

    file: has a name and a size, and can be read from its beginning. Raises Refused without a person, for an
    empty or too large file, and for one whose content is not what its name says.
    """
    if by.person is None:
        raise Refused("A person attaches a file, not the system.", field="file")
    subjects.refuse_undiscussed(about)
    name = clean_name(file.name or "")
    row = File(
        about=about,
        author=by.person,
        name=name,
        media_type=_checked_type(name, file),
        size=file.size,
        sha256=_sha256(file),
        stored_as=f"{at:%Y-%m-%d}/{secrets.token_hex(20)}",
        added_at=at,
    )
    _store(row.stored_as, file)
    try:
        history.record(row, FileAdded(name=name), by=by, at=at)
    except Exception:
        _discard(row.stored_as)
        raise
    return row


@transaction.atomic
def remove(file: File, *, by: Actor, at: datetime, seen: int | None = None) -> File:
    """Remove a file from its object. It can be restored for RESTORABLE."""
    payload = FileRemoved(name=file.name)
    values = {"removed_at": at, "removed_by": by.person}
    history.move(file, FileState.REMOVED, values=values, payload=payload, by=by, at=at, seen=seen)
    return file


@transaction.atomic
def restore(file: File, *, by: Actor, at: datetime, seen: int | None = None) -> File:
    """Take a removal back. Raises Refused if the content is deleted."""
    if file.state == FileState.DELETED:
        raise Refused("The content of this file is deleted. Attach it again.")
    payload = FileRestored(name=file.name)
    values = {"removed_at": None, "removed_by": None}
    history.move(file, FileState.ATTACHED, values=values, payload=payload, by=by, at=at, seen=seen)
    return file


def delete_removed(*, at: datetime) -> int:
    """Delete the contents of files that were removed longer than RESTORABLE ago. Returns their number.

    Each is one transaction with its row locked. If it fails after the content is deleted, the next run
    repeats it.
    """
    removed = File.objects.filter(state=FileState.REMOVED, removed_at__lt=at - RESTORABLE)
    ids = list(removed.order_by("removed_at").values_list("pk", flat=True)[:_BATCH])
    for pk in ids:
        with transaction.atomic():
            file = File.objects.select_for_update().get(pk=pk)
            if file.state == FileState.REMOVED:
                storages["files"].delete(file.stored_as)
                payload = FileDeleted(name=file.name)
                history.move(file, FileState.DELETED, payload=payload, by=SYSTEM, at=at)
    return len(ids)


def sweep(*, at: datetime) -> int:
    """Delete stored contents that no row names, because their transaction failed. Returns their number.

    Contents of the last day are left, because their transaction may be open.
    """
    orphans = [name for day in _SWEPT for name in _without_row(f"{at - timedelta(days=day):%Y-%m-%d}")]
    for name in orphans:
        _discard(name)
    return len(orphans)


def _without_row(folder: str) -> Iterator[str]:
    try:
        names = [f"{folder}/{name}" for name in storages["files"].listdir(folder)[1]]
    except FileNotFoundError:
        return
    known = set(File.objects.filter(stored_as__in=names).values_list("stored_as", flat=True))
    yield from (name for name in names if name not in known)


def _checked_type(name: str, file: Content) -> str:
    """Return the media type of a file's content. Raises Refused if it does not suit."""
    if not file.size:
        raise Refused(f"“{name}” is empty.", field="file")
    if file.size > settings.FILE_LIMIT:
        raise Refused(
            f"“{name}” is larger than {settings.FILE_LIMIT // 1024 // 1024} MB. Link to it instead.",
            field="file",
        )
    found = type_of(_stream(file))
    claimed = claimed_by(name)
    if claimed and not agree(name, found):
        raise Refused(
            f"“{name}” is {found.label}, although its name says {claimed.label}."
            " Give it a name that fits its content, or choose another file.",
            field="file",
        )
    return found.media_type


def _sha256(file: Content) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def _stream(file: Content) -> IO[bytes]:
    stream: Any = file.file if file.file is not None else file
    return stream


def _store(name: str, file: Content) -> None:
    """Write a content under its name. Raises Refused if the storage does not take it."""
    try:
        stored = storages["files"].save(name, file)
    except Exception as error:
        log.exception("The content of a file could not be stored.")
        raise Refused("The file could not be stored. Try again in a moment.", field="file") from error
    if stored != name:
        raise ValueError(f"The storage saved {name} under another name.")


def _discard(name: str) -> None:
    """Delete a content that no row names. If that fails, the next sweep deletes it."""
    try:
        storages["files"].delete(name)
    except Exception:
        log.exception("A content without a row could not be deleted.")
