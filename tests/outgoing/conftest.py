from collections.abc import Iterator

import pytest

from tests.outgoing.sink import Canary


@pytest.fixture
def canary() -> Iterator[Canary]:
    listener = Canary()
    yield listener
    listener.stop()
