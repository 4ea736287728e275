"""The receivers of reports, which become points: Evidently and MLflow. They need a token of scope ingest."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from signals.intake.points import PointsReceipt
from signals.intake.receive import Receiver
from signals.intake.signed import SignedByMlflow
from signals.mapping import points as points_mapping
from signals.states import Adapter


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


class Evidently(_ReportReceiver):
    """POST a report of Evidently as JSON. `?model=` names the model, `?ts=` the time of the data."""

    adapter = Adapter.EVIDENTLY


class Mlflow(_ReportReceiver):
    """POST metrics of a run (`runs/get` or `metrics/get-history`), or a webhook of the registry.

    A webhook that a version was created registers it, if the owner of the source may change the model.
    Each webhook is kept with the deliveries of the source.
    """

    adapter = Adapter.MLFLOW
    authentication_classes = [SignedByMlflow, *Receiver.authentication_classes]
