"""How log lines read."""

import copy
import logging


class LineFormatter(logging.Formatter):
    """One line a record, with a traceback only where somebody has to read code.

    A refused request (status below 500) is an ordinary event, and so is a request while the database is away
    (503): their lines name the address, and a traceback would only hide the lines that matter.
    """

    def format(self, record: logging.LogRecord) -> str:
        status = getattr(record, "status_code", None)
        if record.exc_info and isinstance(status, int) and (status < 500 or status == 503):
            # The record is shared with other handlers, so only a copy loses its traceback.
            record = copy.copy(record)
            record.exc_info = record.exc_text = None
        return super().format(record)
