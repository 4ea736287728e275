"""The Celery application with intervals a twentieth as long, for rows that live through days.

`celery -A chaos.quick_celery worker` and `beat` run the tasks, limits and schedules of Riskhub itself.
CHAOS_TICKS: a file that grows by a byte with each finished tick. CHAOS_BROKEN: as in chaos.breaking.
CHAOS_POISON: as in chaos.poison.
"""

import os
from pathlib import Path

import django
from celery.signals import task_success

django.setup()

from chaos import breaking, poison  # noqa: E402  (they need Django)
from riskhub import schedule  # noqa: E402
from riskhub.celery import app  # noqa: E402

SHARE = 1 / 20
SHORTEST = 5.0  # seconds until an order that no worker took is dropped

for entry in app.conf.beat_schedule.values():
    entry["schedule"] *= SHARE
    entry["options"]["expires"] = SHORTEST

breaking.in_worker(os.environ.get("CHAOS_BROKEN", ""))
breaking.in_celery(os.environ.get("CHAOS_BROKEN", ""), app)
if os.environ.get("CHAOS_POISON"):
    poison.install()


@task_success.connect(sender=schedule.tick_now)
def note_tick(**options) -> None:
    path = os.environ.get("CHAOS_TICKS")
    if path:
        with Path(path).open("a") as log:
            log.write(".")
