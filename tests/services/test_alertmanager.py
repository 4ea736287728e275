"""A real Prometheus and a real Alertmanager, set up by what the page of a source shows for copying.

Riskhub's web server and both tools have the machine's clock; this process has Prometheus's.
"""

import html
import re
import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from history import relay
from kit.actor import SYSTEM
from people.operations import token
from people.states import Role
from riskhub.engine import ports
from risklog.models import Review
from signals.models import Alert, Breach, BreachGroup, Delivery
from signals.states import Adapter
from tests.conftest import AT
from tests.factories import catalogue, people, signals
from tests.services import prometheus
from tests.web_server import web_server

RULES = """groups:
  - name: models
    rules:
      - alert: ModelFeatureDriftHigh
        expr: model_feature_drift_psi > 0.25
        labels: {category: drift}
        annotations:
          summary: 'PSI of {{ $labels.feature }} is {{ printf "%.2f" $value }}'
          value: '{{ $value }}'
          threshold: '0.25'
"""
# Alertmanager waits half a minute and longer by default. The routes inherit this from the root route.
SOON = "route:\n  group_wait: 1s\n  group_interval: 2s\n  repeat_interval: 2s\n"
WITHIN = 40


def sample(model: str, feature: str, severity: str, value: float) -> str:
    named = f'model="{model}",feature="{feature}",severity="{severity}"'
    return f"model_feature_drift_psi{{{named}}} {value}\n"


def of_all(value: float) -> str:
    return (
        sample("credit-pd", "age", "critical", value)
        + sample("PD Retail", "income", "warning", value)
        + sample("churn", "tenure", "info", value)
    )


def wait_for(condition) -> None:
    ends = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < ends, f"nothing within {WITHIN} s: {condition.__doc__ or condition}"
        time.sleep(0.1)


def rows() -> tuple[int, ...]:
    """Return how many alerts, breaches, groups and review requests there are."""
    return tuple(kind.objects.count() for kind in (Alert, Breach, BreachGroup, Review))


def assert_one_review_of_each(models) -> None:
    groups = {group.model: group for group in BreachGroup.objects.select_related("model")}
    assert set(groups) == set(models)
    assert rows() == (2, 2, 2, 2)
    levels = {group.model.slug: group.breaches.get().get_level_display() for group in groups.values()}
    assert levels == {"credit-pd": "Critical", "retail-pd": "Warning"}
    assert {breach.worst_value for breach in Breach.objects.all()} == {0.41}
    assert set(Review.objects.values_list("about", flat=True)) == {one.subject_id for one in groups.values()}


@contextmanager
def unavailable(port: int):
    """Answer 503 to everything, as Riskhub does without its database. Yields the number of requests."""
    asked: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked[self.path] += 1
            self.send_response(503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def shown(client, settings):
    """Return the port of Riskhub, a token to push signals, and the configuration that the page shows."""
    port = ports.free()
    settings.BASE_URL = f"http://127.0.0.1:{port}"
    people.organisation()
    manager = people.user("Mia", role=Role.RISK_MANAGER)
    source = signals.source("prometheus", adapter=Adapter.ALERTMANAGER)
    client.force_login(manager)
    page = client.get(f"/signals/sources/{source.pk}/").content.decode()
    return port, manager, html.unescape(re.search(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.S)[1])


@pytest.mark.django_db(transaction=True)
def test_what_a_real_alertmanager_sends_is_one_breach_from_firing_to_resolved(shown, move_clock):
    port, manager, configuration = shown
    models = [catalogue.model("credit-pd"), catalogue.model("retail-pd")]
    catalogue.alias(models[1], "PD Retail")
    catalogue.model("churn")
    assert configuration.startswith("route:\n")
    soon = configuration.replace("route:\n", SOON, 1)
    _, secret = token.issue(manager, name="ingest", scope="ingest", by=SYSTEM, at=AT)

    with prometheus.running(rules=RULES, alertmanager=soon, token=secret) as pair:
        move_clock(pair.now())
        pair.samples = of_all(0.41)
        with unavailable(port) as asked:
            wait_for(lambda: sum(asked.values()) >= 3)
        assert not Delivery.objects.exists()
        time.sleep(2)  # the connection is refused

        with web_server(at=None, port=port):
            wait_for(lambda: Breach.objects.count() == 2 and Delivery.objects.filter(ignored=1).exists())
            relay.relay()
            stored = rows()
            assert_one_review_of_each(models)

            repeated = Delivery.objects.count() + 6
            wait_for(lambda: Delivery.objects.count() >= repeated)
            relay.relay()
            assert rows() == stored

            pair.samples = of_all(0.1)
            wait_for(lambda: not Alert.objects.filter(is_firing=True).exists())
            relay.relay()
            assert set(Breach.objects.values_list("state", flat=True)) == {"cleared"}
            assert set(BreachGroup.objects.values_list("state", flat=True)) == {"cleared"}
            assert rows() == stored

    assert set(Delivery.objects.values_list("status", flat=True)) == {202}
