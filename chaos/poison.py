"""Mails that fail while they are rendered: they raise, hang, or kill their process, by their title."""

import os
import signal
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

RAISES, HANGS, KILLS = "raises", "hangs", "kills"


def _poisoned(genuine: Callable) -> Callable:
    def render(row: Any, *, at: datetime) -> Any:
        kind = row.subject.title.partition(" ")[0] if row.subject else ""
        if kind == RAISES:
            raise RuntimeError("This mail cannot be rendered.")
        if kind == HANGS:
            time.sleep(3600)
        if kind == KILLS:
            os.kill(os.getpid(), signal.SIGKILL)
        return genuine(row, at=at)

    return render


def install() -> None:
    """Let the mails about subjects with such titles fail in this process."""
    from notices.operations import message

    message.rendered_mail.render = _poisoned(message.rendered_mail.render)
