"""The moment at which a test happens. No test reads the machine's clock.

Every test runs with the process's clock at AT, so that its result is the same on every day. `time_machine`
replaces that clock for all threads; `time.monotonic` and `time.sleep` stay real. The database's clock stays
real too. Only leases, pauses between tries and `recorded_at` use it. A test that compares with it does so in
the database (`django.db.models.functions.Now`).

RISKHUB_TEST_AT moves AT, for the flow tests: `make check` runs them at ten difficult moments.
RISKHUB_TEST_TODAY sets the machine's clock of a whole run, to prove that it has no influence.
"""

import os
import time
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
AT = datetime.fromisoformat(os.environ.get("RISKHUB_TEST_AT") or MONDAY.isoformat())

_TRAVELLER = pytest.StashKey[time_machine.Traveller]()
_began: dict[str, float] = {}  # node id of a module whose clock ticks -> monotonic seconds of its first test


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and set the machine's clock if RISKHUB_TEST_TODAY is set."""
    config.addinivalue_line(
        "markers", "ticking: the clock of this module starts at AT and goes on, as a browser needs it"
    )
    today = os.environ.get("RISKHUB_TEST_TODAY")
    if today:
        time_machine.travel(datetime.fromisoformat(today), tick=True).start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Stop the clock at AT during a test and its fixtures. In a ticking module the clock runs on."""
    moment, ticks = AT, item.get_closest_marker("ticking") is not None
    if ticks:
        now = time.monotonic()
        moment += timedelta(seconds=now - _began.setdefault(item.nodeid.partition("::")[0], now))
    with time_machine.travel(moment, tick=ticks) as traveller:
        item.stash[_TRAVELLER] = traveller
        return (yield)


@pytest.fixture
def move_clock(request: pytest.FixtureRequest) -> Callable[[datetime], None]:
    """Return a function that moves the stopped clock to a moment, for the rest of the test."""
    return request.node.stash[_TRAVELLER].move_to
