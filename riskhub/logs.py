"""The log: one line of text per record, or one JSON object per record for tools that collect logs.

Each record has the id of its request: the header X-Request-ID that the proxy sent, else a new one. The task
that a request starts has the id of that request, and a task of the schedule has its own (django_guid).
"""

import copy
import logging
from typing import Any

from django.http import HttpRequest
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.orjson import OrjsonFormatter

REQUEST_ID = "X-Request-ID"
FORMS = ("line", "json")


def config(level: str, form: str) -> dict[str, Any]:
    """Return the value of LOGGING. form: "line" or "json". Raises ValueError for another level or form."""
    if form not in FORMS:
        raise ValueError(f"RISKHUB_LOG_FORM: “{form}” is unknown. Use line or json.")
    if level not in logging.getLevelNamesMapping():
        raise ValueError(f"RISKHUB_LOG: “{level}” is unknown. Use DEBUG, INFO, WARNING or ERROR.")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "request_id": {
                "()": "django_guid.log_filters.CorrelationId",
                "correlation_id_field": "request_id",
            }
        },
        "formatters": {
            "line": {
                "()": "riskhub.logs.LineFormatter",
                "format": "{asctime} {levelname} {name} {message}",
                "style": "{",
            },
            "json": {"()": "riskhub.logs.JsonFormatter"},
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": form, "filters": ["request_id"]},
        },
        "root": {"handlers": ["stderr"], "level": level},
        # It would write three lines a request at INFO.
        "loggers": {"django_guid": {"level": "WARNING"}},
    }


class LineFormatter(logging.Formatter):
    """One line per record, with a traceback only for faults of the code."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(for_reading(record))


class JsonFormatter(OrjsonFormatter):
    """One JSON object per record: time, level, logger, message, request_id, and what the record has besides.

    A record of Django has the request, whose text contains its address. Addresses can have secrets, so the
    request is left out.
    """

    def __init__(self) -> None:
        super().__init__(
            "{levelname} {name} {message} {request_id}",
            style="{",
            timestamp="time",
            rename_fields={"levelname": "level", "name": "logger", "exc_info": "traceback"},
            reserved_attrs=[*RESERVED_ATTRS, "request", "server_time"],
        )

    def format(self, record: logging.LogRecord) -> str:
        return super().format(for_reading(record))


def for_reading(record: logging.LogRecord) -> logging.LogRecord:
    """Return the record as it may be written: without secrets, and without a needless traceback.

    Django names the address of a refused request. The address of a link or a calendar is a secret, so its
    pattern replaces it. A traceback would hide the important lines where the code has no fault: a refused
    request (status below 500) is normal, and so is a request while the database is unavailable (503).
    """
    status, request = getattr(record, "status_code", None), getattr(record, "request", None)
    is_refusal = bool(record.exc_info) and isinstance(status, int) and (status < 500 or status == 503)
    if not isinstance(request, HttpRequest) and not is_refusal:
        return record
    record = copy.copy(record)  # the record is shared with other handlers
    if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
        paths = {request.path, request.get_full_path()}
        record.args = tuple(route_of(request) if one in paths else one for one in record.args)
    if is_refusal:
        record.exc_info = record.exc_text = None
    return record


def route_of(request: HttpRequest) -> str:
    """Return the pattern of the address, such as /risks/<key>/; only its first part if there is none."""
    if match := request.resolver_match:
        return f"/{match.route}"
    return f"/{request.path.strip('/').partition('/')[0]}/…"
