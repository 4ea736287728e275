"""Files for pages and the API."""

import logging
from typing import IO

from django.core.files.storage import storages

from talk.models import File, FileQuerySet
from talk.states import FileState

log = logging.getLogger(__name__)


def files() -> FileQuerySet:
    return File.objects.select_related("about", "author", "author__subject")


def attached(subject_id: int) -> FileQuerySet:
    """Return the attached files of an object, the newest first."""
    return files().filter(about=subject_id, state=FileState.ATTACHED).order_by("-id")


def content(file: File) -> IO[bytes] | None:
    """Open the content of an attached file. None if it is removed, or missing from the storage."""
    if not file.is_attached:
        return None
    try:
        return storages["files"].open(file.stored_as, "rb")
    except FileNotFoundError:
        log.error("The content of file %s is missing from the storage.", file.pk)
        return None
