"""The API of tokens: one's own; for administrators those of everybody."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from people import queries
from people.filters import TOKENS
from people.models import User
from people.operations import token as operations
from people.states import TokenScope
from rest.fields import Body, Visible, read, refuse_fields
from rest.resource import ApiView, Collection, Item, Resource

STATES = ("live", "expired", "revoked")


class TokenRow(serializers.Serializer):
    """An API token. Its secret is not stored."""

    id = serializers.IntegerField()
    subject_id = serializers.IntegerField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="The token begins with rh_<prefix>_.")
    scope = serializers.ChoiceField(TokenScope.choices)
    owner_id = serializers.IntegerField()
    owner_name = serializers.CharField()
    state = serializers.ChoiceField(STATES)
    expires_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the minute.")
    former_until = serializers.DateTimeField(
        allow_null=True, help_text="Until when the secret before the last rotation works."
    )
    text = serializers.CharField(
        allow_null=True, help_text="The token itself, in the answers that create or rotate it; else null."
    )


class NewTokenBody(Body):
    name = serializers.CharField(max_length=80)
    scope = serializers.ChoiceField(TokenScope.choices, default=TokenScope.READ.value)
    days = serializers.IntegerField(
        min_value=1, max_value=operations.LONGEST, default=90, help_text="Until it expires."
    )


class TokenChange(Body):
    name = serializers.CharField(max_length=80, required=False)


class RotationBody(Body):
    days = serializers.IntegerField(
        min_value=1,
        max_value=operations.LONGEST,
        required=False,
        allow_null=True,
        help_text="Until it expires, from now on. Without it the date stays.",
    )
    overlap_days = serializers.IntegerField(
        min_value=0,
        max_value=operations.LONGEST_OVERLAP,
        default=1,
        help_text="How long the old secret works beside the new one.",
    )


class TokenAnswers(Resource):
    kind = "token"
    serializer_class = TokenRow
    columns = {
        "id": "id",
        "subject_id": "subject_id",
        "version": "version",
        "name": "name",
        "prefix": "prefix",
        "scope": "scope",
        "owner_id": "user_id",
        "owner_name": "user__name",
        "expires_at": "expires_at",
        "revoked_at": "revoked_at",
        "last_used_at": "last_used_at",
        "former_until": "former_until",
    }

    def rows(self, request: Request) -> QuerySet:
        return queries.tokens_seen_by(request.user)  # type: ignore[arg-type]  # the permission needs a person

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        at = clock.now()
        return [{**row, "state": operations.state_of(row, at), "text": None} for row in found]

    def refuse_key(self, request: Request) -> None:
        """Refuse an Idempotency-Key, because the answer to it would be stored, and it has the token."""
        if "Idempotency-Key" in request.headers:
            text = "This answer has a token, which is not stored. Send the request without the key."
            raise ValidationError({"Idempotency-Key": [text]})


class Tokens(TokenAnswers, Collection):
    """List your tokens; as an administrator those of everybody. POST creates one."""

    permission = {"GET": "people.token_view", "POST": "people.account"}
    bodies = {"POST": NewTokenBody}
    spec = TOKENS

    def post(self, request: Request) -> Response:
        """Create a token of your own. Only this answer has its text. A token creates no token: sign in."""
        self.refuse_key(request)
        values = read(NewTokenBody, request)
        user = User.objects.select_related("subject").get(pk=request.user.pk)
        made, text = operations.issue(user, **values, by=self.by(request), at=clock.now())
        answer = self.created(request, made.pk, f"tokens/{made.pk}")
        answer.data["text"] = text
        return answer


class TokenItem(TokenAnswers, Item):
    """Get a token by id, or give it another name."""

    permission = {"GET": "people.token_view", "PATCH": "people.token_revoke"}
    bodies = {"PATCH": TokenChange}

    def patch(self, request: Request, key: str) -> Response:
        """Give a token another name. Its secret stays."""
        token = self.found(request, key)
        self.require(request, "people.token_revoke", token)
        seen, values = self.seen(request, token), read(TokenChange, request)
        if values:
            operations.rename(token, **values, by=self.by(request), at=clock.now(), seen=seen)
        return self.answer(request, token.pk)


class TokenRotation(TokenAnswers, Item):
    """Give a token a new secret. A token can rotate itself."""

    permission = {"POST": "people.token_rotate"}
    bodies = {"POST": RotationBody}
    answers = {"POST": (200, TokenRow)}

    def post(self, request: Request, key: str) -> Response:
        """Give a token a new secret. Only this answer has its text. The old one works for overlap_days."""
        self.refuse_key(request)
        token = self.found(request, key)
        self.require(request, "people.token_rotate", token)
        seen, values = self.seen(request, token), read(RotationBody, request)
        text = operations.rotate(token, **values, by=self.by(request), at=clock.now(), seen=seen)
        return self.answer(request, token.pk, body={**self.one(request, str(token.pk)), "text": text})


class TokenRevocation(TokenAnswers, Item):
    """Revoke a token at once."""

    permission = {"POST": "people.token_revoke"}
    bodies = {"POST": None}
    answers = {"POST": (200, TokenRow)}

    def post(self, request: Request, key: str) -> Response:
        """Revoke a token at once, with both its secrets. Revoking it again changes nothing."""
        token = self.found(request, key)
        self.require(request, "people.token_revoke", token)
        refuse_fields(request)
        operations.revoke(token, by=self.by(request), at=clock.now(), seen=self.seen_if_sent(request, token))
        return self.answer(request, token.pk)


class AllTokens(Body):
    owner = Visible(
        "person", User.objects.visible_to, by="email", required=False, help_text="Without it: yourself."
    )


class RevokedRow(serializers.Serializer):
    """How many tokens were live."""

    revoked = serializers.IntegerField()


class RevokeTokens(ApiView):
    """Revoke all tokens of a person at once."""

    permission = {"POST": "people.token_revoke"}
    bodies = {"POST": AllTokens}
    answers = {"POST": (200, RevokedRow)}

    def post(self, request: Request) -> Response:
        """Revoke all your tokens at once; as an administrator those of anybody."""
        owner = read(AllTokens, request).get("owner")
        if owner is None:
            owner = User.everyone.get(pk=request.user.pk)
        elif owner.pk != request.user.pk:
            self.require(request, "people.administrate", owner)
        return Response({"revoked": operations.revoke_all(owner, by=self.by(request), at=clock.now())})


RESOURCES: list = [
    ("tokens", Tokens),
    ("tokens/revoke-all", RevokeTokens),
    ("tokens/<str:key>", TokenItem),
    ("tokens/<str:key>/rotate", TokenRotation),
    ("tokens/<str:key>/revoke", TokenRevocation),
]
