"""How drf_spectacular describes our ways to sign in and our own fields. Importing this registers them."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension


class Bearer(OpenApiAuthenticationExtension):
    target_class = "people.authentication.BearerToken"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "rh_<prefix>_<secret>",
            "description": "A token from your account page or from `manage.py issue_token`.",
        }


class SessionCookie(OpenApiAuthenticationExtension):
    target_class = "people.authentication.Session"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


class GrafanaSignature(OpenApiAuthenticationExtension):
    target_class = "signals.intake.signed.SignedByGrafana"
    name = "grafana_signature"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "X-Grafana-Alerting-Signature",
            "description": "The hex HMAC-SHA256 of the body with the secret of the source.",
        }


class MlflowSignature(OpenApiAuthenticationExtension):
    target_class = "signals.intake.signed.SignedByMlflow"
    name = "mlflow_signature"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "X-MLflow-Signature",
            "description": "As MLflow signs its webhooks, with the secret of the source.",
        }


_ID = {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}


class VisibleObject(OpenApiSerializerFieldExtension):
    target_class = "rest.fields.Visible"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        if self.target.key_field == "reference":
            kind_and_id = {
                "type": "object",
                "properties": {"kind": {"type": "string", "minLength": 1}, "id": _ID},
                "required": ["kind", "id"],
                "additionalProperties": False,
            }
            return {"anyOf": [{"type": "string", "pattern": "^ *[A-Za-z]-[1-9][0-9]{0,17} *$"}, kind_and_id]}
        return {"anyOf": [{"type": "string", "minLength": 1}, _ID]}


class LocalTime(OpenApiSerializerFieldExtension):
    """A time of day, such as 10:00 or 10:00:00. The format "time" of JSON Schema would need a time zone."""

    target_class = "rest_framework.fields.TimeField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        return {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"}


_MOMENT = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "number"}]}


class Moment(OpenApiSerializerFieldExtension):
    target_class = "signals.intake.points.MomentField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        return _MOMENT


class Pair(OpenApiSerializerFieldExtension):
    target_class = "signals.intake.points.PairField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        pair = [_MOMENT, {"type": "number", "format": "double"}]
        return {"type": "array", "prefixItems": pair, "minItems": 2, "maxItems": 2}
