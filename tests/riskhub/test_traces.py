"""Traces: what a collector gets from a web process, and that no secret is in it."""

import gzip
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import urlsplit

import pytest
from django.db import connection
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SECRET = "nightingale-secret"
# Handles one request and rings for a worker, as a commit does.
PROGRAM = f"""
from django.test import RequestFactory
from riskhub import celery, wsgi
from opentelemetry import trace
address = "/meetings/calendar/{SECRET}.ics?word={SECRET}"
environ = RequestFactory().get(address, SERVER_NAME="localhost").environ
answer = wsgi._application(environ, lambda status, headers: None)
assert answer.status_code == 404
with trace.get_tracer("test").start_as_current_span("commit"):
    celery.ring()
trace.get_tracer_provider().force_flush()
"""


@pytest.fixture
def collector():
    """A collector that keeps what it gets. Yields its address and the list of spans with their services."""
    spans = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                service = {one.key: one.value.string_value for one in resource.resource.attributes}
                spans.extend(
                    (service["service.name"], span) for part in resource.scope_spans for span in part.spans
                )
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", spans
    server.shutdown()
    thread.join()
    server.server_close()


def _run(**environment):
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "DATABASE_URL": url.geturl(), **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.django_db(transaction=True)
def test_a_collector_gets_the_request_with_its_statements_and_no_secret(collector):
    address, spans = collector

    _run(OTEL_EXPORTER_OTLP_ENDPOINT=address)

    assert {service for service, _ in spans} == {"riskhub-web"}
    by_name = {span.name: span for _, span in spans}
    request = by_name["GET meetings/calendar/<str:secret>.ics"]
    statements = [span for _, span in spans if span.parent_span_id == request.span_id]
    assert "SELECT" in {span.name for span in statements}
    assert "apply_async/riskhub.hand_on" in by_name
    assert SECRET not in str(spans)


@pytest.mark.django_db
def test_nothing_is_loaded_without_a_collector():
    program = (
        "import sys; from riskhub import traces; traces.start('web'); print('opentelemetry' in sys.modules)"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    run = subprocess.run(
        [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
    )
    assert run.stdout == "False\n"
