"""The format of log lines."""

import copy
import logging


class LineFormatter(logging.Formatter):
    """Formats a record as one line, with a traceback only for faults of the code.

    A refused request (status below 500) is normal, and so is a request while the database is unavailable
    (503). Their lines name the address. A traceback would hide the important lines.
    """

    def format(self, record: logging.LogRecord) -> str:
        status = getattr(record, "status_code", None)
        if record.exc_info and isinstance(status, int) and (status < 500 or status == 503):
            # The record is shared with other handlers, so the traceback is removed from a copy.
            record = copy.copy(record)
            record.exc_info = record.exc_text = None
        return super().format(record)
