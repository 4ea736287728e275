from collections.abc import Iterator

import pytest

from outgoing.networks import networks
from tests.outgoing.sink import Canary, HttpSink


@pytest.fixture
def sink(settings) -> Iterator[HttpSink]:
    """A server by plain http, in a network that the setting allows."""
    settings.OUTGOING_ALLOW = networks(["127.0.0.1"])
    server = HttpSink()
    yield server
    server.stop()


@pytest.fixture
def canary() -> Iterator[Canary]:
    listener = Canary()
    yield listener
    listener.stop()
