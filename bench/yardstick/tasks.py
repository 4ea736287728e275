"""A Celery application with one task that records when it began, as the reference for the round trip."""

import os
import time

import redis
from celery import Celery

URL = os.environ["REDIS_URL"].removesuffix("/0") + "/5"
BEGUN = "bench:begun"

app = Celery("yardstick", broker=URL)
app.conf.update(
    task_ignore_result=True, worker_prefetch_multiplier=1, broker_connection_retry_on_startup=True
)
_store = redis.Redis.from_url(URL)


@app.task(name="bench.begin")
def begin() -> None:
    _store.rpush(BEGUN, repr(time.time()))
