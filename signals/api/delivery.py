"""The API of what a source sent: its deliveries, taking one again, and trying a payload."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from kit.refusals import Refused
from kit.rights import may
from rest import keys
from rest.fields import Body, read
from rest.nested import Nested, NestedCollection, NestedItem
from rest.resource import Item
from signals.filters.delivery import DELIVERIES
from signals.models import Delivery, Source
from signals.operations import payload, trial
from signals.operations.payload import SentBody
from signals.states import ItemResult, SignalKind


class DeliveryRow(serializers.Serializer):
    """One payload of a source, with the number of its items by result."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    status = serializers.IntegerField(help_text="The status that answered it.")
    stored = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    corrected = serializers.IntegerField()
    rejected = serializers.IntegerField()
    ignored = serializers.IntegerField()
    truncated_alerts = serializers.IntegerField()
    problem = serializers.CharField()
    replay_of_id = serializers.IntegerField(
        allow_null=True, help_text="The delivery whose body was taken again."
    )


class DeliveryDetail(DeliveryRow):
    """A delivery with its body, which is kept if anything was rejected, and once an hour as a sample."""

    asked = serializers.DictField(help_text="Parameters of its address: the model, the time of the data.")
    body = serializers.CharField(help_text="Cut to 64 kB. Empty if it was not kept.")
    is_cut = serializers.BooleanField()


class _OfSource(Nested):
    parent_reference = ""

    def parents(self, request: Request) -> QuerySet:
        return Source.objects.visible_to(request.user).select_related("subject", "owner")

    def parent(self, request: Request) -> Source:
        """Return the source that the address names by slug or id. Raises Http404."""
        source = get_object_or_404(
            self.parents(request), **keys.lookup(self.kwargs["key"], reference="", slug="slug")
        )
        if not may(request.user, "signals.delivery_view", source):
            raise PermissionDenied("Only its owner and risk managers see what a source sent.")
        return source

    def rows(self, request: Request) -> QuerySet:
        return Delivery.objects.filter(source=self.parent(request))


class Deliveries(_OfSource, NestedCollection):
    """List the deliveries of the last 30 days, the newest first."""

    permission = {"GET": "signals.delivery_view"}
    serializer_class = DeliveryRow
    columns = {name: name for name in DeliveryRow().fields}
    spec = DELIVERIES


class DeliveryItem(_OfSource, NestedItem):
    """A delivery with its body."""

    permission = {"GET": "signals.delivery_view"}
    serializer_class = DeliveryDetail
    columns = {name: name for name in DeliveryDetail().fields}


class DeliveryToReplay(Body):
    delivery = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, help_text="The id of a delivery of this source."
    )


class Replay(_OfSource, Item):
    """Take the kept body of a delivery again, for example after its mapping was corrected.

    What is stored already counts as duplicate. The answer is the new delivery.
    """

    permission = {"POST": "signals.source_change"}
    bodies = {"POST": DeliveryToReplay}
    answers = {"POST": (200, DeliveryDetail)}
    serializer_class = DeliveryDetail
    columns = DeliveryItem.columns

    def post(self, request: Request, key: str) -> Response:
        source = self.parent(request)
        self.require(request, "signals.source_change", source)
        number = read(DeliveryToReplay, request)["delivery"]
        delivery = self.rows(request).select_related("source").filter(pk=number).first()
        if delivery is None:
            raise Refused(f"This source has no delivery {number}.", field="delivery")
        taken = payload.replay(delivery, by=self.by(request), at=clock.now())
        return self.answer(request, taken.pk)


class TestBody(Body):
    """What the tool would send. model, ts: what the address would name."""

    body = serializers.JSONField()
    model = serializers.CharField(max_length=120, required=False, allow_blank=True)
    ts = serializers.CharField(max_length=60, required=False, allow_blank=True)


class TriedItemRow(serializers.Serializer):
    """What would become of one item."""

    index = serializers.IntegerField()
    result = serializers.ChoiceField(ItemResult.choices)
    model_name = serializers.CharField()
    is_registered = serializers.BooleanField(help_text="You may see a model of this name.")
    name = serializers.CharField(help_text="Of the metric or the rule.")
    feature = serializers.CharField()
    slice = serializers.CharField()
    kind = serializers.ChoiceField([*SignalKind.choices, ("", "")])
    level = serializers.CharField(help_text="Of an alert that would open a breach.")
    value = serializers.FloatField(allow_null=True)
    ts = serializers.DateTimeField(allow_null=True)
    field = serializers.CharField(help_text="Of a rejected item: where it is wrong.")
    detail = serializers.CharField(help_text="How to fix it.")


class TrialResult(serializers.Serializer):
    """What would become of a payload. Nothing of it is stored."""

    status = serializers.IntegerField(help_text="The status that would answer the tool.")
    count = serializers.IntegerField(help_text="Number of all items.")
    results = serializers.DictField(child=serializers.IntegerField())
    items = TriedItemRow(many=True, help_text=f"The first {trial.MAX_SHOWN} items.")
    problems = serializers.ListField(child=serializers.CharField())


class Test(_OfSource, Item):
    """Try a payload: the answer says what would become of each item. Nothing is stored."""

    permission = {"POST": "signals.source_change"}
    bodies = {"POST": TestBody}
    answers = {"POST": (200, TrialResult)}
    serializer_class = TrialResult

    def post(self, request: Request, key: str) -> Response:
        source = self.parent(request)
        self.require(request, "signals.source_change", source)
        values: dict[str, Any] = read(TestBody, request)
        asked = {name: values.get(name, "") for name in ("model", "ts")}
        tried = trial.try_out(
            source, SentBody(values["body"], b"", asked), by=self.by(request), at=clock.now()
        )
        return Response(TrialResult(tried).data)


RESOURCES = [
    ("sources/<str:key>/deliveries", Deliveries),
    ("sources/<str:key>/deliveries/<str:number>", DeliveryItem),
    ("sources/<str:key>/replay", Replay),
    ("sources/<str:key>/test", Test),
]
