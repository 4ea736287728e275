"""Goal 22: what a cold page costs a phone: its bytes on the wire, and the seconds to its first paint.

A real Chromium with an empty cache opens the risk list and My week. The network is the slow 4G of the phone
profile of Lighthouse: 150 ms, 1.6 Mbit/s down, 750 kbit/s up. The processor is four times as slow.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench import figures
from bench.figures import Line
from bench.run import Run
from riskhub.engine.home import ROOT
from riskhub.engine.testrun import find_browser

BYTES, SECONDS, TIMES = 120_000, 1.5, 5
PAGES = ("/risks/", "/")
LATENCY_MS, DOWN, UP, SLOWER = 150, 1_600_000 / 8, 750_000 / 8, 4
PHONE = {"width": 412, "height": 823}


def cold_page(run: Run) -> Line:
    """Measure goal 22."""
    line = Line(22, "cold page on a phone: first paint", f"≤ {SECONDS:g} s, ≤ {BYTES // 1000} kB", unit="s")
    program = find_browser()
    if program is None:
        line.met, line.why = False, "There is no Chromium."
        return line
    with _production(run) as port:
        painted, sizes = _painted(program, port, run.cookie)
    medians = {page: figures.spread(seconds).median for page, seconds in painted.items()}
    slowest = max(medians, key=lambda page: medians[page])
    spread = figures.spread(painted[slowest])
    line.figure, line.least, line.greatest = spread.median, spread.least, spread.greatest
    line.met = spread.median <= SECONDS and max(sizes.values()) <= BYTES
    line.why = ", ".join(f"{page} {medians[page]:.2f} s, {sizes[page] / 1000:.0f} kB" for page in PAGES)
    return line


@contextmanager
def _production(run: Run) -> Iterator[int]:
    """Serve the pages with the compressed files of a production installation. Yields the port."""
    given = {"RISKHUB_STATIC_HASHED": "1", "RISKHUB_STATIC_ROOT": str(run.ground.home / "static-collected")}
    before = dict(run.ground.environment)
    run.ground.environment |= given
    try:
        command = [sys.executable, "manage.py", "collectstatic", "--no-input"]
        subprocess.run(command, cwd=ROOT, env=run.ground.environment, check=True, stdout=subprocess.DEVNULL)
        with run.ground.web() as web:
            yield web.port
    finally:
        run.ground.environment = before


def _painted(program: str, port: int, cookie: str) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Return for each page the seconds to the first paint, several times, and the bytes received."""
    from playwright.sync_api import sync_playwright

    painted: dict[str, list[float]] = {page: [] for page in PAGES}
    sizes: dict[str, int] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for page in PAGES:
            for _ in range(TIMES):
                seconds, sizes[page] = _open(browser, f"http://127.0.0.1:{port}{page}", cookie)
                painted[page].append(seconds)
        browser.close()
    return painted, sizes


def _open(browser: Any, address: str, cookie: str) -> tuple[float, int]:
    """Open a page in a new context. Return the seconds to the first paint, and the bytes received."""
    name, value = cookie.split("=", 1)
    context = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True)
    context.add_cookies([{"name": name, "value": value, "domain": "127.0.0.1", "path": "/"}])
    tab = context.new_page()
    tools = context.new_cdp_session(tab)
    received = 0

    def count(event: dict[str, Any]) -> None:
        nonlocal received
        received += int(event["encodedDataLength"])

    tools.on("Network.loadingFinished", count)
    tools.send("Network.enable")
    tools.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": LATENCY_MS, "downloadThroughput": DOWN, "uploadThroughput": UP},
    )
    tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    tab.goto(address, wait_until="load")
    tab.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
    painted = tab.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    context.close()
    return float(painted) / 1000, received
