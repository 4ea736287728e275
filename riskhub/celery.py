"""The Celery application. Its tasks carry no data: each reads from the database what is to be done.

So a lost task only delays work by seconds. Tasks use no ETA, no countdown and no .retry(): dates are in
history.Due, and the count of tries is in the claimed rows.
"""

import gc
import os
from typing import Any

import kombu
from celery import Celery
from celery.app.amqp import AMQP
from celery.signals import beat_init, celeryd_init, worker_init, worker_process_init
from django.conf import settings

from kit import bell
from riskhub import traces
from riskhub.engine import secret_key

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskhub.settings")


MAIL = "mail"  # the queue of the task that sends mail


class BrokerConnection(kombu.Connection):
    """Reconnects to a missing broker every five seconds. The pauses of kombu grow to thirty seconds."""

    def _ensure_connection(self, *args: Any, **options: Any) -> Any:
        return super()._ensure_connection(*args, **({"interval_max": 5} | options))


class Amqp(AMQP):
    Connection = BrokerConnection


app = Celery("riskhub", amqp=Amqp)
app.conf.update(
    broker_url=settings.REDIS_URL,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # no limit
    # Tasks are not acknowledged, because a lost task only costs seconds. An acknowledgement that fails while
    # the broker hangs occupies a slot permanently, and a worker without free slots runs no tasks.
    task_queues=[kombu.Queue(name, no_ack=True) for name in ("celery", MAIL)],
    # A worker without --queues takes the tasks of both. One with `--queues mail` only sends mail.
    task_routes={"riskhub.send": {"queue": MAIL}},
    broker_transport_options={
        "visibility_timeout": 300,
        "socket_timeout": 1,
        "socket_connect_timeout": 1,
        "retry_on_timeout": False,
        "max_retries": 0,  # retries would delay a notification by six seconds
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


def sends_only_mail() -> bool:
    """Return True in a worker that takes no other tasks than sending mail."""
    return set(app.amqp.queues.consume_from) == {MAIL}


def ring() -> None:
    """Ask a worker to process waiting events (kit.bell). Sends one small message, without retries."""
    app.send_task("riskhub.hand_on", retry=False, ignore_result=True, expires=30)


bell.install(ring)


@celeryd_init.connect
@beat_init.connect
def require_secret_key(**options: Any) -> None:
    """Apply the web server's rule for SECRET_KEY to the worker and beat, because they sign links in mails."""
    secret_key.require(os.environ)


@worker_process_init.connect
def start_traces(**options: Any) -> None:
    traces.start("worker")


@worker_init.connect
def share_memory(**options: Any) -> None:
    """Keep the objects that exist before the fork out of garbage collection, which would copy their pages."""
    gc.collect()
    gc.freeze()
