"""The WSGI application, which Granian serves."""

import io
import os
import tempfile
import time
from typing import IO, Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from riskhub import traces
from riskhub.engine import secret_key

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskhub.settings")
secret_key.require(os.environ)
traces.start("web")  # before Django reads its middleware
_application = get_wsgi_application()
_CHUNK, _DRAINED, _SECONDS = 2**20, 64 * 2**20, 10


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """Handle a request. Set the Content-Length of a chunked body, without which Django does not read it."""
    stream = environ["wsgi.input"]
    has_body = environ["REQUEST_METHOD"] not in {"GET", "HEAD"} and environ.get("wsgi.input_terminated")
    has_files = environ.get("CONTENT_TYPE", "").startswith("multipart/")
    if has_body and not environ.get("CONTENT_LENGTH"):
        # One byte more than allowed, so that Django refuses the body.
        if has_files:
            return _with_form(environ, start_response, settings.FILES_LIMIT + 1)
        if body := stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1):
            environ |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    elif has_files and environ.get("CONTENT_LENGTH"):
        environ["wsgi.input"] = _Whole(stream, int(environ["CONTENT_LENGTH"]))
    answer = _application(environ, start_response)
    if int(environ.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2:
        _drain(stream)
    return answer


class _Whole(io.IOBase):
    """A body that fails if it ends before its length. Django would take what there is for the whole file."""

    def __init__(self, stream: IO[bytes], length: int) -> None:
        self.stream, self.missing = stream, length

    def read(self, size: int = -1) -> bytes:  # readline() of the base calls it
        data = self.stream.read(size)
        self.missing -= len(data)
        if not data and size and self.missing > 0:
            raise ConnectionResetError("The body ended early.")
        return data


def _with_form(environ: dict[str, Any], start_response: Any, most: int) -> Any:
    """Handle a chunked request with files. At most `most` bytes are read. A large body is on the disk."""
    length = 0
    with tempfile.SpooledTemporaryFile(max_size=8 * _CHUNK) as body:
        while length < most and (data := environ["wsgi.input"].read(min(_CHUNK, most - length))):
            length += body.write(data)
        body.seek(0)
        _drain(environ["wsgi.input"])
        return _application(environ | {"CONTENT_LENGTH": str(length), "wsgi.input": body}, start_response)


def _drain(stream: Any) -> None:
    """Read the rest of a refused body, because a client that is still sending does not read the answer."""
    ends = time.monotonic() + _SECONDS
    for _ in range(_DRAINED // _CHUNK):
        if time.monotonic() > ends or not stream.read(_CHUNK):
            return
