"""Starts PostgreSQL and Valkey before Django reads its settings (pytest's `-p tests.engines`).

The first process starts and stops them. The workers of a parallel run inherit the addresses.
RISKHUB_TEST_ENGINES names a folder in which they keep running between runs, for quick test runs.
"""

import gc
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from riskhub.engine.postgres import Cluster
from riskhub.engine.valkey import Server

_kept = os.environ.get("RISKHUB_TEST_ENGINES")
_stops: list = []


def _start() -> None:
    home = Path(_kept or tempfile.mkdtemp(prefix="riskhub-tests-"))
    (home / "static").mkdir(parents=True, exist_ok=True)  # without it WhiteNoise warns
    cluster, valkey = (
        Cluster(home / "postgres", durable=False, tied=not _kept),
        Server(home / "valkey", tied=not _kept),
    )
    urls = cluster.ensure()
    os.environ |= {
        "DATABASE_URL": urls.application,
        "DATABASE_OWNER_URL": urls.owner,
        "REDIS_URL": valkey.start(),
        "RISKHUB_HOME": str(home),
        "RISKHUB_SAMPLE": "1",
        "RISKHUB_TESTS_STARTED": "1",
        "SECRET_KEY": "only-for-tests-" + "x" * 40,
        "EMAIL_URL": "",
        # Tests of many requests have one stopped minute. The tests of the limit set one.
        "RISKHUB_API_RATE": "0",
        "RISKHUB_INGEST_RATE": "0",
    }
    if not _kept:
        _stops.extend(
            [valkey.stop, lambda: cluster.stop(mode="immediate"), lambda: shutil.rmtree(home, True)]
        )


if "RISKHUB_TESTS_STARTED" not in os.environ:
    _start()


def stop() -> None:
    """Stop the engines that this process started, unless they are kept."""
    for stop_one in _stops:
        stop_one()
    _stops.clear()


def keep() -> None:
    """Leave the engines running when this process ends: a fork of the process that started them."""
    _stops.clear()


def pytest_collection_finish() -> None:
    """Keep the garbage collector away from the modules and tests that live until the end of the run.

    With its default settings it walks through all of them again and again: a seventh of the run's CPU time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_unconfigure(config: pytest.Config) -> None:
    stop()
