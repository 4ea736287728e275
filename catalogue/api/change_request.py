"""The API of change requests: list, get, open and change, and one POST per step."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.filters.change_request import CHANGE_REQUESTS
from catalogue.models import ChangeRequest, Model
from catalogue.models.change_request import MAX_TITLE
from catalogue.operations import change_request as change_operations
from catalogue.queries import change_request as change_queries
from catalogue.states import ChangeKind, ChangeRoute, ChangeState, EffectResult
from kit import clock
from rest.edits import EditableItem
from rest.fields import Body, Visible, read
from rest.resource import Collection, Item, Resource
from rest.steps import Step


class ChangeRequestRow(serializers.Serializer):
    """A proposed model change or deployment window."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    version = serializers.IntegerField()
    model_slug = serializers.CharField(source="model.slug")
    kind = serializers.ChoiceField(ChangeKind.choices)
    title = serializers.CharField()
    details = serializers.CharField(help_text="Markdown.")
    risk = serializers.CharField()
    rollback = serializers.CharField()
    effect = serializers.CharField()
    effect_on = serializers.DateField(allow_null=True, help_text="When the effect is checked.")
    window_from = serializers.DateTimeField(allow_null=True)
    window_until = serializers.DateTimeField(allow_null=True)
    route = serializers.ChoiceField(ChangeRoute.choices)
    state = serializers.ChoiceField(ChangeState.choices)
    opened_by_id = serializers.IntegerField(allow_null=True)
    opened_at = serializers.DateTimeField()
    reviewed_at = serializers.DateTimeField(allow_null=True, help_text="When its full review was settled.")
    settled_by_id = serializers.IntegerField(allow_null=True)
    settled_at = serializers.DateTimeField(allow_null=True)
    effect_result = serializers.ChoiceField([*EffectResult.choices, ""])
    effect_note = serializers.CharField()


class ChangeRequestChange(Body):
    """The fields to change. Fields that are not sent keep their values."""

    title = serializers.CharField(max_length=MAX_TITLE, required=False)
    details = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    risk = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    rollback = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    effect = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    effect_on = serializers.DateField(required=False, allow_null=True)
    window_from = serializers.DateTimeField(required=False, allow_null=True)
    window_until = serializers.DateTimeField(required=False, allow_null=True)


class NewChangeRequest(ChangeRequestChange):
    """The body that opens a change request."""

    title = serializers.CharField(max_length=MAX_TITLE)
    model = Visible("model", Model.objects.visible_to)
    kind = serializers.ChoiceField(ChangeKind.choices, required=False)
    is_emergency = serializers.BooleanField(
        required=False, help_text="The change is made at once and signed off afterwards."
    )


class SignBody(Body):
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class SettleChangeBody(Body):
    reason = serializers.CharField(max_length=2000)


class EffectBody(Body):
    result = serializers.ChoiceField(EffectResult.choices)
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)


_SAME = ("id", "version", "kind", "title", "details", "risk", "rollback", "effect", "effect_on")
_FURTHER = ("window_from", "window_until", "route", "state", "opened_by_id", "opened_at", "reviewed_at")
_SETTLED = ("settled_by_id", "settled_at", "effect_result", "effect_note")


class _ChangeRequests(Resource):
    kind = "change_request"
    serializer_class = ChangeRequestRow
    columns = {
        "reference": "subject__reference",
        "model_slug": "model__slug",
        **{name: name for name in (*_SAME, *_FURTHER, *_SETTLED)},
    }

    def rows(self, request: Request) -> QuerySet:
        return ChangeRequest.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return change_queries.change_requests().visible_to(request.user)


class ChangeRequests(_ChangeRequests, Collection):
    """Change requests: proposed model changes and deployment windows."""

    permission = {"GET": "catalogue.view", "POST": "catalogue.change_add"}
    bodies = {"POST": NewChangeRequest}
    spec = CHANGE_REQUESTS

    def post(self, request: Request) -> Response:
        values = read(NewChangeRequest, request)
        own = {
            name: values.pop(name) for name in ("model", "title", "kind", "is_emergency") if name in values
        }
        plan = change_operations.ChangePlan(**values)
        change = change_operations.open(**own, plan=plan, by=self.by(request), at=clock.now())
        return self.created(request, change, f"change-requests/{change.reference}")


class ChangeRequestItem(_ChangeRequests, EditableItem):
    """A change request, by reference or id."""

    permission = {"GET": "catalogue.view", "PATCH": "catalogue.change_edit"}
    body = ChangeRequestChange
    operation = staticmethod(change_operations.change)


class SignerRow(serializers.Serializer):
    """A person who may sign a request."""

    user_id = serializers.IntegerField(source="pk")
    name = serializers.CharField()


class SignersRow(serializers.Serializer):
    """Who may sign a request. text: why these, or why nobody may and what helps."""

    people = SignerRow(many=True)
    text = serializers.CharField()
    is_stuck = serializers.BooleanField(help_text="Nobody may sign it.")


class ChangeSigners(_ChangeRequests, Item):
    """Who may sign off a change request, and why nobody may if so. Nobody signs what they opened."""

    permission = {"GET": "catalogue.view"}
    answers = {"GET": (200, SignersRow)}

    def get(self, request: Request, key: str) -> Response:
        change = change_queries.set_signer(self.found(request, key))
        return Response(SignersRow(change_queries.sign_off(change)).data)


class _ChangeStep(_ChangeRequests, Step):
    is_versioned = True
    permission = {"POST": "catalogue.change_sign"}
    answers = {"POST": (200, ChangeRequestRow)}

    def asked_of(self, obj: Any) -> Any:
        return change_queries.set_signer(obj)


class SignChange(_ChangeStep):
    """Sign off a request. Only the holder of the decision right may; /signers has who does if they cannot."""

    body = SignBody
    operation = staticmethod(change_operations.sign)


class DeclineChange(_ChangeStep):
    """Decline a request, with the reason. Only the holder of the decision right may."""

    body = SettleChangeBody
    operation = staticmethod(change_operations.decline)


class WithdrawChange(_ChangeStep):
    """Withdraw a request, with the reason."""

    permission = {"POST": "catalogue.change_edit"}
    body = SettleChangeBody
    operation = staticmethod(change_operations.withdraw)


class CheckEffect(_ChangeStep):
    """Record whether a signed change had its expected effect."""

    permission = {"POST": "catalogue.change_edit"}
    body = EffectBody
    operation = staticmethod(change_operations.check_effect)


RESOURCES: list[tuple[str, Any]] = [
    ("change-requests", ChangeRequests),
    ("change-requests/<str:key>", ChangeRequestItem),
    ("change-requests/<str:key>/signers", ChangeSigners),
    ("change-requests/<str:key>/sign", SignChange),
    ("change-requests/<str:key>/decline", DeclineChange),
    ("change-requests/<str:key>/withdraw", WithdrawChange),
    ("change-requests/<str:key>/effect", CheckEffect),
]
