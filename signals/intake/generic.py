"""The receiver of any JSON, which the mapping of its source reads. It needs a token of scope ingest."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from signals.intake.points import PointsReceipt
from signals.intake.receive import Receiver
from signals.mapping import points as points_mapping
from signals.states import Adapter


class AnyBody(serializers.Serializer):
    """Any JSON, also a list. The mapping of the source says where its points or alerts are."""


class Generic(Receiver):
    """POST any JSON to a source with a mapping. `?model=` names the model that the body does not name."""

    permission = {"POST": "signals.ingest"}
    bodies = {"POST": AnyBody}
    answers = {"POST": (202, PointsReceipt)}
    serializer_class = PointsReceipt
    adapter = Adapter.GENERIC
    limits = points_mapping.LIMITS

    def post(self, request: Request, slug: str = "") -> Response:
        return self.receive(request)
