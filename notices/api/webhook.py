"""The API of webhooks: endpoints, their deliveries, a test, and sending again."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from notices.filters import DELIVERIES, WEBHOOKS
from notices.models import WebhookDelivery, WebhookEndpoint
from notices.operations import delivery as deliveries
from notices.operations import endpoint as operations
from notices.queries import webhook as queries
from notices.states import DeliveryState, WebhookShape
from outgoing.urls import LONGEST
from people.models import User
from rest.edits import EditableItem
from rest.fields import Body, Visible, read, refuse_fields
from rest.nested import NestedCollection
from rest.resource import Collection, Item, Resource

_MOST_REPLAYED = 1000


class WebhookRow(serializers.Serializer):
    """A webhook endpoint."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    host = serializers.CharField(help_text="The address itself may be a secret, so it is never read back.")
    owner_id = serializers.IntegerField(help_text="The webhook gets what this person may see.")
    owner_name = serializers.CharField()
    verbs = serializers.ListField(child=serializers.CharField())
    shape = serializers.ChoiceField(WebhookShape.choices)
    is_active = serializers.BooleanField()
    is_for_ladders = serializers.BooleanField(help_text="Rungs of ladders can tell it.")
    failures = serializers.IntegerField(help_text="In a row.")
    closed_until = serializers.DateTimeField(
        allow_null=True, help_text="Nothing is sent before, because it failed several times."
    )
    last_sent_at = serializers.DateTimeField(allow_null=True)
    secret = serializers.CharField(
        allow_null=True, help_text="Only in the answers that create an endpoint or a new secret, else null."
    )


class WebhookDeliveryRow(serializers.Serializer):
    """An event for an endpoint, and what came back."""

    id = serializers.UUIDField()
    webhook_id = serializers.CharField(help_text="The header webhook-id, also of each further attempt.")
    verb = serializers.CharField()
    subject_reference = serializers.CharField(
        allow_null=True, help_text="Null without a reference, and if you may not see it."
    )
    state = serializers.ChoiceField(DeliveryState.choices)
    made_at = serializers.DateTimeField()
    tries = serializers.IntegerField()
    error = serializers.CharField()
    answer_status = serializers.IntegerField(allow_null=True)
    answer_text = serializers.CharField(help_text="The first 1,000 characters.")
    took_ms = serializers.IntegerField(allow_null=True)
    log = serializers.ListField(child=serializers.CharField(), help_text="A line for each attempt.")


class _WebhookBody(Body):
    name = serializers.CharField(max_length=80, required=False)
    url = serializers.CharField(max_length=LONGEST, required=False)
    owner = Visible("person", User.objects.visible_to, by="email", required=False)
    verbs = serializers.ListField(
        child=serializers.CharField(max_length=80),
        max_length=500,
        required=False,
        help_text="Public events, as in the list of events.",
    )
    shape = serializers.ChoiceField(WebhookShape.choices, required=False)
    is_for_ladders = serializers.BooleanField(
        required=False, help_text="Let rungs of ladders tell it. Then it needs no events."
    )


class WebhookChange(_WebhookBody):
    """The fields to change. Fields that are not sent keep their values."""

    is_active = serializers.BooleanField(required=False)


class NewWebhook(_WebhookBody):
    """The body that adds an endpoint. You own it if you name nobody else."""

    name = serializers.CharField(max_length=80)
    url = serializers.CharField(max_length=LONGEST)
    verbs = serializers.ListField(
        child=serializers.CharField(max_length=80), max_length=500, required=False, default=list
    )


class ReplayBody(Body):
    deliveries = serializers.ListField(
        child=serializers.UUIDField(),
        max_length=_MOST_REPLAYED,
        required=False,
        help_text="Without it: all that failed.",
    )


class ReplayRow(serializers.Serializer):
    """How many deliveries are sent again."""

    replayed = serializers.IntegerField()


class _Webhooks(Resource):
    kind = "webhook"
    serializer_class = WebhookRow
    columns = {
        "id": "id",
        "version": "version",
        "name": "name",
        "host": "url",
        "owner_id": "owner_id",
        "owner_name": "owner__name",
        "verbs": "verbs",
        "shape": "shape",
        "is_active": "is_active",
        "is_for_ladders": "is_for_ladders",
        "failures": "failures",
        "closed_until": "closed_until",
        "last_sent_at": "last_sent_at",
    }

    def rows(self, request: Request) -> QuerySet:
        return WebhookEndpoint.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return self.rows(request).select_related("subject", "owner")

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        return [{**row, "host": WebhookEndpoint(url=row["host"]).host, "secret": None} for row in found]

    def refuse_key(self, request: Request) -> None:
        """Refuse an Idempotency-Key, because the answer to it would be stored, and it has a secret."""
        if "Idempotency-Key" in request.headers:
            text = "This answer has a secret, which is not stored. Send the request without the key."
            raise ValidationError({"Idempotency-Key": [text]})


class Webhooks(_Webhooks, Collection):
    """List the webhook endpoints. POST adds one; only its answer has the secret."""

    permission = {"GET": "notices.webhook_view", "POST": "notices.webhook_change"}
    bodies = {"POST": NewWebhook}
    spec = WEBHOOKS

    def post(self, request: Request) -> Response:
        self.refuse_key(request)
        values = {"owner": request.user, **read(NewWebhook, request)}
        made = operations.add(**values, by=self.by(request), at=clock.now())
        answer = self.created(request, made.pk, f"webhook-endpoints/{made.pk}")
        answer.data["secret"] = made.secret
        return answer


class WebhookItem(_Webhooks, EditableItem):
    """Get one webhook endpoint."""

    permission = {"GET": "notices.webhook_view", "PATCH": "notices.webhook_change"}
    body = WebhookChange
    operation = staticmethod(operations.change)

    def patch(self, request: Request, key: str) -> Response:
        """Change an endpoint. `is_active: false` pauses it; what happens then is not sent later."""
        return self.edit(request, key)


class WebhookSecret(_Webhooks, Item):
    """Give an endpoint a new secret. Only this answer has it, and the old one ends at once."""

    permission = {"POST": "notices.webhook_change"}
    bodies = {"POST": None}
    answers = {"POST": (200, WebhookRow)}

    def post(self, request: Request, key: str) -> Response:
        self.refuse_key(request)
        found = self.found(request, key)
        refuse_fields(request)
        operations.renew_secret(found, by=self.by(request), at=clock.now())
        return self.answer(
            request, found.pk, body={**self.one(request, str(found.pk)), "secret": found.secret}
        )


class WebhookTest(_Webhooks, Item):
    """Send a test, in a moment. The list of deliveries has the answer."""

    permission = {"POST": "notices.webhook_change"}
    bodies = {"POST": None}
    answers = {"POST": (200, WebhookRow)}

    def post(self, request: Request, key: str) -> Response:
        found = self.found(request, key)
        refuse_fields(request)
        deliveries.send_test(found, by=self.by(request), at=clock.now())
        return self.answer(request, found.pk)


class WebhookReplay(_Webhooks, Item):
    """Send deliveries again, with the same webhook-id: those of the body, or all that failed."""

    permission = {"POST": "notices.webhook_change"}
    bodies = {"POST": ReplayBody}
    answers = {"POST": (200, ReplayRow)}

    def post(self, request: Request, key: str) -> Response:
        found = self.found(request, key)
        values = read(ReplayBody, request)
        rows = WebhookDelivery.objects.filter(endpoint=found)
        if "deliveries" in values:
            rows = rows.filter(pk__in=values["deliveries"])
        else:
            rows = rows.filter(state=DeliveryState.DEAD)
        count = deliveries.replay(rows, by=self.by(request), at=clock.now())
        return Response({"replayed": count})


class WebhookDeliveries(NestedCollection):
    """List the deliveries of an endpoint, newest first. They are kept for 30 days."""

    kind = "webhook_delivery"
    serializer_class = WebhookDeliveryRow
    permission = {"GET": "notices.webhook_view"}
    spec = DELIVERIES
    columns = {
        "id": "id",
        "verb": "verb",
        "subject_id": "subject_id",
        "subject_reference": "subject__reference",
        "state": "state",
        "made_at": "made_at",
        "tries": "tries",
        "error": "error",
        "answer_status": "answer_status",
        "answer_text": "answer_text",
        "took_ms": "took_ms",
        "log": "log",
    }

    def parents(self, request: Request) -> QuerySet[WebhookEndpoint]:
        return WebhookEndpoint.objects.visible_to(request.user)

    def rows(self, request: Request) -> QuerySet:
        return queries.deliveries(self.parent(request))

    def finish(self, found: list[dict[str, Any]], request: Any) -> list[dict[str, Any]]:
        rows = [WebhookDelivery(id=row["id"], subject_id=row["subject_id"]) for row in found]
        visible = queries.visible_subjects(rows, request.user)
        return [
            {
                **{name: value for name, value in row.items() if name != "subject_id"},
                "webhook_id": one.webhook_id,
                "subject_reference": row["subject_reference"] if one.subject_id in visible else None,
            }
            for row, one in zip(found, rows, strict=True)
        ]


RESOURCES: list = [
    ("webhook-endpoints", Webhooks),
    ("webhook-endpoints/<str:key>", WebhookItem),
    ("webhook-endpoints/<str:key>/deliveries", WebhookDeliveries),
    ("webhook-endpoints/<str:key>/new-secret", WebhookSecret),
    ("webhook-endpoints/<str:key>/replay", WebhookReplay),
    ("webhook-endpoints/<str:key>/test", WebhookTest),
]
