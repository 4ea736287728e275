"""What the description says about errors."""

from rest_framework import serializers

# The status of an error -> when it is given.
ERRORS = {
    400: "A field, a filter or the body is not valid. `errors` names it.",
    401: "The token is missing, unknown, expired or revoked.",
    403: "Your role, the token's scope or the object's ownership does not allow it.",
    404: "The object does not exist or is not visible to you.",
    409: "The current state does not allow this, or a request with the same key is still running.",
    412: "Somebody else changed the object. `present` is its current state.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "Refused: `detail` says how to fix it. Or the Idempotency-Key belongs to another request.",
    428: "If-Match is missing.",
    429: "More requests than this token may send in a minute. `Retry-After` says when to go on.",
    503: "The database is not available. Send the request again after `Retry-After` seconds.",
}


class FieldProblem(serializers.Serializer):
    """One field at fault."""

    field = serializers.CharField()
    detail = serializers.CharField()


class Problem(serializers.Serializer):
    """An error (RFC 9457)."""

    type = serializers.CharField(help_text="Always about:blank.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What to do about the problem.")
    errors = FieldProblem(many=True, required=False)  # type: ignore[assignment]  # hides Serializer.errors
    present = serializers.DictField(
        required=False, help_text="The current state of the object, if somebody else changed it."
    )
    request_id = serializers.CharField(
        required=False, help_text="The id of the request in the log, from 500 on. X-Request-ID has it always."
    )
