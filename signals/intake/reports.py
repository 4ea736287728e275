"""The receivers of reports, which become points: Evidently and MLflow. They need a token of scope ingest."""

from datetime import datetime
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit.actor import Actor
from signals.intake.points import PointsReceipt
from signals.intake.receive import BodyResult, Receiver
from signals.intake.signed import SignedByMlflow
from signals.mapping import evidently, mlflow
from signals.mapping import points as points_mapping
from signals.mapping.points import Reading
from signals.models import Source
from signals.operations import points
from signals.states import Adapter, ItemResult


class ReportBody(serializers.Serializer):
    """The report as the tool writes it; unknown fields are ignored. `?model=` or `model` names the model."""

    model = serializers.CharField(required=False, allow_blank=True, allow_null=True)
    metrics = serializers.ListField(child=serializers.DictField(), required=False)


class _ReportReceiver(Receiver):
    permission = {"POST": "signals.ingest"}
    bodies = {"POST": ReportBody}
    answers = {"POST": (202, PointsReceipt)}
    serializer_class = PointsReceipt
    limits = points_mapping.LIMITS

    def post(self, request: Request, slug: str = "") -> Response:
        return self.receive(request)

    def slug_of(self, request: Request, body: Any) -> str:
        return self.kwargs.get("slug") or request.query_params.get("source", "")

    def asked(self, name: str) -> str:
        return self.request.query_params.get(name, "")


class Evidently(_ReportReceiver):
    """POST a report of Evidently as JSON. `?model=` names the model, `?ts=` the time of the data."""

    adapter = Adapter.EVIDENTLY

    def take(self, body: Any, source: Source, *, by: Actor, at: datetime) -> BodyResult:
        reading, paths = evidently.read(body, model=self.asked("model"), ts=self.asked("ts"), at=at)
        return _stored(reading, paths, source, by=by, at=at)


class Mlflow(_ReportReceiver):
    """POST metrics of a run (`runs/get` or `metrics/get-history`), or a webhook of the registry.

    A webhook is kept with the deliveries of the source.
    """

    adapter = Adapter.MLFLOW
    authentication_classes = [SignedByMlflow, *Receiver.authentication_classes]

    def take(self, body: Any, source: Source, *, by: Actor, at: datetime) -> BodyResult:
        if mlflow.is_webhook(body):
            return BodyResult([ItemResult.IGNORED], [], is_kept=True)
        reading, paths = mlflow.read(body, model=self.asked("model"), at=at)
        return _stored(reading, paths, source, by=by, at=at)


def _stored(reading: Reading, paths: list[str], source: Source, *, by: Actor, at: datetime) -> BodyResult:
    """Store the points of a report. paths: where each one was in the report."""
    results: list[Any] = points.store(reading, source=source, by=by, at=at).results
    for item in reading.refused:
        results[item] = ItemResult.REJECTED
    rejections = [
        {"index": item, "field": f"{paths[item]}: {error.field}"[:400], "detail": error.message}
        for item, error in reading.refused.items()
    ]
    return BodyResult(results, rejections)
