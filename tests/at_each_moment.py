"""Run the core flow tests at moments at which code that counts days can fail, as `make check` does.

python -m tests.at_each_moment [PYTEST ARGUMENTS]
"""

import gc
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path

import django
import pytest

from tests import engines

# The end of February without and with a leap day, the end of a year, and the Sundays on which summer time
# begins and ends in Europe/Berlin (at 01:00 UTC).
DAYS = ((2028, 2, 28), (2028, 2, 29), (2026, 12, 31), (2027, 3, 28), (2026, 10, 25))
TIMES = ((0, 1), (23, 59))
MOMENTS = [datetime(*day, *time_of_day, tzinfo=UTC).isoformat() for day in DAYS for time_of_day in TIMES]
# From an alert to a decided action, the escalation of overdue work, and a period without a worker: these
# tests contain every deadline of the main flow. All of tests/flows would take a minute per moment.
CORE = ["tests/flows/test_main_flow.py", "tests/flows/test_standstill.py"]
AT_ONCE = 2


def main(arguments: list[str]) -> int:
    """Return 0 if the tests passed at every moment, 1 otherwise. Print one line per moment.

    Each moment is a fork of this process, because a moment is fixed when the tests are imported. So Django
    and the application are loaded once, and PostgreSQL and Valkey are started once.
    """
    os.environ["DJANGO_SETTINGS_MODULE"] = "riskhub.settings"
    django.setup()
    # What every fork needs is loaded before the forks: the application, the plugins of pytest, and what these
    # import late.
    for plugin in entry_points(group="pytest11"):
        plugin.load()
    import hypothesis  # noqa: F401

    import riskhub.schedule
    import riskhub.urls  # noqa: F401

    gc.collect()
    gc.freeze()

    waiting, running, passed = list(MOMENTS), {}, True
    try:
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                moment = waiting.pop(0)
                output = Path(tempfile.mkstemp(prefix="riskhub-moment-")[1])
                running[_fork(moment, arguments or CORE, output)] = moment, output, time.monotonic()
            pid, status = os.wait()
            if pid in running:
                passed &= _report(*running.pop(pid), is_passed=status == 0)
    finally:
        engines.stop()
    return 0 if passed else 1


def _fork(moment: str, arguments: list[str], output: Path) -> int:
    """Start the tests at a moment in a separate process. Return its id."""
    pid = os.fork()
    if pid:
        return pid
    engines.keep()
    os.environ["RISKHUB_TEST_AT"] = moment
    with output.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    # The engines were started by an import, before pytest could rewrite the assertions of their module.
    code = pytest.main(["-q", "-W", "ignore::pytest.PytestAssertRewriteWarning", *arguments])
    sys.stdout.flush()
    os._exit(code)


def _report(moment: str, output: Path, began: float, *, is_passed: bool) -> bool:
    mark = "ok" if is_passed else f"FAILED\n{output.read_text()}"
    output.unlink()
    sys.stdout.write(f"{moment} {mark}  {time.monotonic() - began:.1f} s\n")
    sys.stdout.flush()
    return is_passed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
