"""The size limit of uploaded files, checked while they are read: what is too large is never stored.

Django gives the files of a request that are within the limit. too_large() has the names of the others.
"""

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload
from django.http import HttpRequest


def limit_text() -> str:
    """Return the limit as people read it: "25 MB"."""
    return f"{settings.FILE_LIMIT // 1024 // 1024} MB"


def too_large(request: HttpRequest) -> list[str]:
    """Return the names of the files that were too large, "" for a request that is too large as a whole.

    Call it after request.FILES was read.
    """
    return getattr(request, "files_too_large", [])


class SizeLimit(FileUploadHandler):
    """Skips a file as soon as it is larger than FILE_LIMIT, and a request that is larger than FILES_LIMIT."""

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: bytes, encoding: str | None = None
    ) -> None:
        self.is_whole_too_large = content_length > settings.FILES_LIMIT
        self.skipped: list[str] = []
        if self.request is not None:
            self.request.files_too_large = self.skipped  # type: ignore[attr-defined]  # our own attribute

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.is_whole_too_large:
            self.skipped.append("")
            raise StopUpload(connection_reset=True)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        if start + len(raw_data) > settings.FILE_LIMIT:
            self.skipped.append(self.file_name or "")
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
