"""The webhook receiver for Prometheus Alertmanager. It needs a token of scope ingest."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from signals.intake.receive import Receiver
from signals.mapping import alertmanager
from signals.states import Adapter, ItemResult


class Webhook(serializers.Serializer):
    """Alertmanager's webhook, version 4; fields it adds later are ignored."""

    status = serializers.CharField(
        required=False, allow_null=True, help_text="Ignored: the status of each alert applies."
    )
    truncatedAlerts = serializers.IntegerField(required=False, allow_null=True)
    alerts = serializers.ListField(child=serializers.DictField())


class AlertRejection(serializers.Serializer):
    index = serializers.IntegerField()
    field = serializers.CharField(help_text="Full path of the invalid field.")
    detail = serializers.CharField(help_text="How to fix it.")


class AlertReceipt(serializers.Serializer):
    """The result of a payload. The alerts counted as stored are committed."""

    stored = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    corrected = serializers.IntegerField()
    rejected = serializers.IntegerField()
    ignored = serializers.IntegerField(help_text="Items whose severity the source ignores.")
    results = serializers.ListField(
        child=serializers.ChoiceField(ItemResult.choices),
        help_text="One per alert that was read, in their order. `limits` has how many are read.",
    )
    rejections = AlertRejection(many=True)
    limits = serializers.DictField(child=serializers.IntegerField())


class Alertmanager(Receiver):
    """POST a webhook payload. The address, `?source=` or the sender determines the source."""

    permission = {"POST": "signals.ingest"}
    bodies = {"POST": Webhook}
    answers = {"POST": (202, AlertReceipt)}
    serializer_class = AlertReceipt
    adapter = Adapter.ALERTMANAGER
    limits = alertmanager.LIMITS

    def post(self, request: Request, slug: str = "") -> Response:
        return self.receive(request)
