"""A real browser and a real server: Chromium by Playwright, and the site with the six weeks of the sample.

CHROME names the browser (riskhub/engine/testrun.py finds one). Without it these tests are skipped.
"""

import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
WATCH = """
window.__said = [];
document.addEventListener("securitypolicyviolation",
  e => window.__said.push(`${e.violatedDirective} ${e.blockedURI}`));
"""
# A browser may stop rendering an invisible page. Then there is no frame, and the timer ends the wait.
STAND_STILL = """() => new Promise(done => {
  setTimeout(done, 2000);
  requestAnimationFrame(() => requestAnimationFrame(() => {
    for (const one of document.getAnimations()) try { one.finish() } catch {}
    requestAnimationFrame(done);
  }));
})"""
RUN_AXE = """options => Promise.race([
  axe.run(document, options),
  new Promise((_, fail) => setTimeout(() => fail(new Error("axe-core did not answer in 60 s")), 60000)),
])"""
COVERED = """() => [...document.querySelectorAll("main :is(a:not(.row-link), button, input, summary)")]
  .filter(one => {
    one.scrollIntoView({ block: "center" });
    const box = one.getClientRects()[0];
    if (!box || !box.width || !one.checkVisibility({ visibilityProperty: true })) return false;
    return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)?.matches(".row-link");
  }).map(one => one.outerHTML.slice(0, 120))"""
TEST_SECONDS = 300
# Other processes can keep the machine busy. A page that never answers still fails before TEST_SECONDS.
PAGE_SECONDS = 30
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.ticking)


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """Fail a test that waits too long for the browser, because page.evaluate() has no time-out."""

    def give_up(*_: Any) -> None:
        raise TimeoutError(f"The browser did not answer within {TEST_SECONDS} s.")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(TEST_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def site(chromium: Any, six_weeks_database: str, django_db_blocker: Any) -> Iterator[str]:
    """The address of the site. Changes by tests stay until the end of the module."""
    from django.conf import settings
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    class Quiet(WSGIRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

    patch = pytest.MonkeyPatch()
    patch.setattr(settings, "ALLOWED_HOSTS", ["127.0.0.1"])
    with django_db_blocker.unblock():
        server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
        server.daemon_threads = False  # closing the server waits for running requests
        server.set_app(get_wsgi_application())
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        server.server_close()
        thread.join()
    patch.undo()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROME") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        pytest.skip("No Chromium here. CHROME=/path/to/chromium names one.")
    # Playwright runs its event loop in this thread. Only this thread uses the database meanwhile.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="module")
def kept_contexts() -> Iterator[dict[str, Any]]:
    """The browser contexts that the tests of a module share, by person and options."""
    contexts: dict[str, Any] = {}
    yield contexts
    for context in contexts.values():
        context.close()


@pytest.fixture
def sign_in(site: str, chromium: Any, kept_contexts: dict[str, Any]) -> Iterator[Any]:
    """Return sign_in: sign_in("ana") is a page of Ana, None an anonymous one.

    keeps_context: share cookies, storage and loaded files with other tests of the module, which is faster.
    Browser errors fail the test.
    """
    from django.conf import settings
    from django.test import Client

    from people.models import User

    opened, complaints = [], []

    def open_page(name: str | None, *, keeps_context: bool = False, **options: Any) -> Any:
        key = f"{name} {options}"
        if keeps_context and key in kept_contexts:
            return page_of(kept_contexts[key])
        context = chromium.new_context(base_url=site, reduced_motion="reduce", **options)
        if keeps_context:
            kept_contexts[key] = context
        else:
            opened.append(context)
        if name:
            client = Client()
            client.force_login(User.objects.get(email=f"{name}@example.org"))
            session = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": site}])
        if options.get("java_script_enabled", True):
            context.add_init_script(WATCH)
        return page_of(context)

    def page_of(context: Any) -> Any:
        page = context.new_page()
        opened.append(page)
        page.set_default_timeout(PAGE_SECONDS * 1000)
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on("console", lambda said: _note(complaints, page, said))
        return page

    yield open_page
    for one in reversed(opened):  # pages before their contexts
        one.close()
    assert complaints == []


# The browser contexts that a test disconnected, at some time.
DISCONNECTED: set[Any] = set()


def set_connected(page: Any, is_connected: bool) -> None:
    """Switch the network of a page off or on. Its failed requests are no complaints."""
    DISCONNECTED.add(page.context)
    page.context.set_offline(not is_connected)


def _note(complaints: list[str], page: Any, said: Any) -> None:
    """Record console errors, also violations of the policy.

    A refused form (409, 422) is not an error, nor is a failed request of a page that was disconnected.
    """
    if page.context in DISCONNECTED and ("net::ERR_INTERNET" in said.text or "to fetch" in said.text):
        return
    if said.type == "error" and "the server responded with a status of 4" not in said.text:
        complaints.append(f"{page.url}: {said.text}")


def axe(page: Any, *, only: tuple[str, ...] = ()) -> list[str]:
    """Return the findings of axe-core on the current page: rule and place."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text())
    page.evaluate(STAND_STILL)  # end all transitions, so that colours have their final values
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if only:
        options["runOnly"] = {"type": "rule", "values": list(only)}
    found = page.evaluate(RUN_AXE, options)
    if found["violations"]:  # on a busy machine the styles of another theme load late, so check a second time
        page.wait_for_timeout(400)
        found = page.evaluate(RUN_AXE, options)
    hits = [(one["id"], node) for one in found["violations"] for node in one["nodes"]]
    return [f"{rule}: {node['target']} {node['html'][:160]}" for rule, node in hits]


def violations(page: Any) -> list[str]:
    return page.evaluate("() => window.__said")


def covered(page: Any) -> list[str]:
    """Return what cannot be pressed, because the link of its row lies above it."""
    return page.evaluate(COVERED)


def width_beyond(page: Any) -> int:
    """Return by how many pixels the page is wider than the window."""
    return page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
