"""Traces for OpenTelemetry: requests, their SQL statements and the tasks they start.

They are sent if the standard variable OTEL_EXPORTER_OTLP_ENDPOINT names a collector, by HTTP. The other
OTEL_ variables work too. Without it nothing is imported and nothing is measured.
"""

import os
from typing import Any

_SWITCHES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def start(process: str) -> None:
    """Begin to send traces. process: "web" or "worker". Call it in the process that works, after any fork."""
    if not any(os.environ.get(name) for name in _SWITCHES):
        return
    from opentelemetry import trace  # noqa: PLC0415 - without traces nothing is imported
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.instrumentation.celery import CeleryInstrumentor  # noqa: PLC0415
    from opentelemetry.instrumentation.django import DjangoInstrumentor  # noqa: PLC0415
    from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    name = os.environ.get("OTEL_SERVICE_NAME") or f"riskhub-{process}"
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    DjangoInstrumentor().instrument(response_hook=_hide_address)
    PsycopgInstrumentor().instrument()
    CeleryInstrumentor().instrument()


def _hide_address(span: Any, request: Any, response: Any) -> None:
    """Replace the address by its pattern: the address of a calendar or of a link is a secret."""
    from riskhub.logs import route_of  # noqa: PLC0415 - needs the apps of Django

    for name in ("http.url", "http.target", "url.full", "url.path", "url.query"):
        if name in span.attributes:
            span.set_attribute(name, "" if name == "url.query" else route_of(request))
