"""Which room acts on which event: all upward traffic on one screen.

A handler is `handler(event, *, at)`; it reads present rows, and may ring late, twice or out of order.
"""

from history import wiring

FLOWS: dict = {}
DUES: dict = {}
CHAINED: tuple[str, ...] = ()


def install() -> None:
    wiring.install(flows=FLOWS, dues=DUES, chained=CHAINED)
