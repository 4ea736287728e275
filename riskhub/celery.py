"""Celery drives, and carries no truth: every task is "look what is to be done", so losing one costs seconds.

No ETA, no countdown, no .retry(): dates live in history.Due, tries in the rows themselves.
"""

import os
from typing import Any

import kombu
from celery import Celery
from celery.app.amqp import AMQP
from celery.signals import beat_init, celeryd_init
from django.conf import settings

from kit import bell
from riskhub.engine import secret_key

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskhub.settings")


class BrokerConnection(kombu.Connection):
    """Looks for a broker that is gone every five seconds; kombu's own pauses grow to thirty."""

    def _ensure_connection(self, *args: Any, **options: Any) -> Any:
        return super()._ensure_connection(*args, **({"interval_max": 5} | options))


class Amqp(AMQP):
    Connection = BrokerConnection


app = Celery("riskhub", amqp=Amqp)
app.conf.update(
    broker_url=settings.REDIS_URL,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # for ever
    # Not acknowledged: a lost task costs seconds, but each acknowledgement that fails while the broker
    # hangs keeps its place for good, and a worker without places is alive and takes nothing.
    task_queues=[kombu.Queue("celery", no_ack=True)],
    broker_transport_options={
        "visibility_timeout": 300,
        "socket_timeout": 1,
        "socket_connect_timeout": 1,
        "retry_on_timeout": False,
        "max_retries": 0,  # or a ring waits for two tries with a pause between them, six seconds in all
    },
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    worker_prefetch_multiplier=1,
    task_acks_late=False,
    task_time_limit=60,
    task_soft_time_limit=25,
    worker_hijack_root_logger=False,
    worker_max_tasks_per_child=1000,
    worker_max_memory_per_child=250_000,
    timezone="UTC",
    enable_utc=True,
    task_publish_retry=False,
    imports=["riskhub.schedule"],
)


def ring() -> None:
    """What the bell does: ask a worker to hand on what waits. One small message, not retried."""
    app.send_task("riskhub.hand_on", retry=False, ignore_result=True, expires=30)


bell.install(ring)


@celeryd_init.connect
@beat_init.connect
def require_secret_key(**options: Any) -> None:
    """Worker and beat start under the same rule as the web server. They sign links in mails."""
    secret_key.require(os.environ)
