"""The work of a worker process until it is killed: repeated ticks.

It also retries some finished handovers.
"""

import json
import random
import sys
import time
import traceback
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection

from history import relay
from history.models import Handover
from history.states import Work
from kit import clock
from notices.operations import mail_switch, message
from riskhub import schedule

IDLE_SECONDS = 0.02


def work(plan: dict, chance: random.Random, *, is_wanted: Callable[[], bool]) -> None:
    """Work until `is_wanted` returns False.

    plan: {"only_mail", "ring_again" (share of rounds)} and what tells the moment (_moment). Leases use the
    database's time.
    """
    mail_switch.note(is_on=True, at=datetime(1970, 1, 1, tzinfo=UTC))  # so that no mail is held back as older
    while is_wanted():
        at = _moment(plan, chance)
        try:
            done = message.send_due(at=clock.now()).done if plan["only_mail"] else schedule.tick(at)
            if chance.random() < plan["ring_again"]:
                _ring_again(chance, at)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            connection.close()
            done = 0
        if "clock" in plan:
            with Path(plan["clock"] + ".ticks").open("a") as log:
                log.write(".")
        if not done:
            time.sleep(IDLE_SECONDS)


def _moment(plan: dict, chance: random.Random) -> datetime:
    """Return the moment of a tick.

    plan: {"began" (monotonic), "from" (ISO moment), "speed"}: the moment advances `speed` times as fast as
    the clock, as with `tick --at`. Or {"clock": path} of a file {"at": ISO moment, "skews": seconds}: the
    clock of each tick differs from the moment by one of the skews.
    """
    if "clock" in plan:
        shown = json.loads(Path(plan["clock"]).read_text())
        return datetime.fromisoformat(shown["at"]) + timedelta(seconds=chance.choice(shown["skews"]))
    started = datetime.fromisoformat(plan["from"])
    return started + timedelta(seconds=(time.monotonic() - plan["began"]) * plan["speed"])


def _ring_again(chance: random.Random, at: datetime) -> None:
    """Use an old claim of a finished handover again. The relay must not run its handler again."""
    newest = Handover.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    done = Handover.objects.filter(state=Work.DONE, pk__gte=chance.randint(0, newest))
    row = done.select_related("event__subject").order_by("pk").first()
    if row is not None:
        row.state, row.claim = Work.CLAIMED, uuid.uuid4()
        relay.hand_over(row, at=at)
