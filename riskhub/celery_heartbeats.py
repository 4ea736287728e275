"""Heartbeats of worker, beat, tick and auditor, for the page *Health* and for monitoring (pipeline.py)."""

import logging
from typing import Any

from celery.signals import beat_init, before_task_publish, task_prerun
from django.db import DatabaseError, close_old_connections

from history import heartbeats

WORKER, BEAT, TICK, AUDITOR = "worker", "beat", "tick", "auditor"
BACKUP = "backup"  # the end of the last backup
_NOTED_EVERY = 10.0  # seconds

log = logging.getLogger(__name__)


@task_prerun.connect
def worker_lives(**options: Any) -> None:
    """Note it before each task, because a worker without tasks cannot be told from a dead one."""
    _note(WORKER)


@beat_init.connect
def note_what_beat_sends(**options: Any) -> None:
    before_task_publish.connect(beat_lives)


def beat_lives(**options: Any) -> None:
    close_old_connections()  # beat has no requests or tasks, after which Django would do it
    _note(BEAT)


def _note(name: str) -> None:
    """Store a heartbeat. Without a database nothing is stored, and the work goes on."""
    try:
        heartbeats.note(name, every=_NOTED_EVERY)
    except DatabaseError:
        log.warning("No heartbeat of the %s was stored, because the database does not answer.", name)
