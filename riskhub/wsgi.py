"""The WSGI application, which Granian serves."""

import io
import os
import time
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from riskhub.engine import secret_key

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskhub.settings")
secret_key.require(os.environ)
_application = get_wsgi_application()
_CHUNK, _DRAINED, _SECONDS = 2**20, 64 * 2**20, 10


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """Handle a request. Set the Content-Length of a chunked body, without which Django does not read it."""
    stream = environ["wsgi.input"]
    has_body = environ["REQUEST_METHOD"] not in {"GET", "HEAD"} and environ.get("wsgi.input_terminated")
    if has_body and not environ.get("CONTENT_LENGTH"):
        most = (
            settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1
        )  # one byte more than allowed, so Django refuses the body
        if body := stream.read(most):
            environ |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    answer = _application(environ, start_response)
    if int(environ.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2:
        _drain(stream)
    return answer


def _drain(stream: Any) -> None:
    """Read the rest of a refused body, because a client that is still sending does not read the answer."""
    ends = time.monotonic() + _SECONDS
    for _ in range(_DRAINED // _CHUNK):
        if time.monotonic() > ends or not stream.read(_CHUNK):
            return
