"""The log of requests."""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from people.models import User
from riskhub.logs import route_of

_log = logging.getLogger("riskhub.request")


def log_request(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Log each request at INFO: its method, the pattern of its address, status, duration and the person's id.

    The pattern is logged instead of the address, because the address of a calendar or of a link is a secret.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = get_response(request)
        if _log.isEnabledFor(logging.INFO):
            facts = {
                "method": request.method,
                "route": route_of(request),
                "status": response.status_code,
                "ms": round((time.perf_counter() - began) * 1000, 1),
                "person_id": _person_id(request),
            }
            text = "{method} {route} {status} in {ms} ms".format(**facts)
            _log.info(text, extra=facts)
        return response

    return middleware


def _person_id(request: HttpRequest) -> int | None:
    """Return the id of the person if the request has read it. Asking the lazy user would be a query."""
    known: Any = request.__dict__.get("_cached_user") or request.__dict__.get("user")
    return known.pk if type(known) is User else None
