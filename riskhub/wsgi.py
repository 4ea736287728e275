"""What Granian serves."""

import io
import os
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskhub.settings")
if not os.environ.get("SECRET_KEY"):
    raise SystemExit("SECRET_KEY is not set. Mend: give all processes the same 50 random characters or more.")
_application = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """Django reads no body without a Content-Length, and so none of one that is sent in chunks: count it."""
    if not environ.get("CONTENT_LENGTH") and environ.get("wsgi.input_terminated"):
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1  # which is too large, and is answered as such
        if body := environ["wsgi.input"].read(most):
            environ |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    return _application(environ, start_response)
