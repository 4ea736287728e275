"""The published description of the API (OpenAPI 3.1), built from the resources.

drf_spectacular supports generic views. Our views declare columns, filters, orders, bodies and answers
(rest.resource), so this module reads those.
"""

import re
from collections import Counter
from collections.abc import Collection as Names
from functools import cache
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from kit.rights import OPEN
from lists import exporting
from lists.specification import Filter, ListSpec
from rest.exporting import ExportOfList
from rest.fields import Body
from rest.problems import PROBLEM
from rest.resource import MAX_PAGE_SIZE, Collection, Item
from rest.sparse import FIELDS, known_fields
from rest.steps import Step

_ACTS = {"POST": "create", "PATCH": "change", "PUT": "put", "DELETE": "delete"}
# The summary of an operation whose method has no docstring: (method, is it a list).
_SUMMARIES = {
    ("GET", True): "List {plural}",
    ("POST", True): "Create {article} {noun}",
    ("GET", False): "Get {article} {noun}",
    ("PATCH", False): "Change {article} {noun}",
    ("PUT", False): "Replace {article} {noun}",
    ("DELETE", False): "Delete {article} {noun}",
}
_ERRORS = {
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


# The headers of an answer whose work goes on.
_OF_ACCEPTED = [
    OpenApiParameter("Location", str, "header", response=[202], description="Read there how far it is."),
    OpenApiParameter("Retry-After", int, "header", response=[202], description="Seconds until then."),
]
_ROWS = OpenApiResponse({"type": "array", "items": {"type": "object"}}, "The rows.")
_FILE = OpenApiResponse(OpenApiTypes.BINARY, "The file.")


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


class Resources(AutoSchema):
    """The schema of one resource."""

    view: Any

    def get_operation_id(self) -> str:
        words = [word for word in self._words() if not word.startswith("{")]
        form = self._words()[-1].partition(".")[2]
        if self.method == "GET" and form:  # a file, such as charts/{key}.svg
            return "_".join([*words, form])
        if self.method == "GET" and words[-1] == "export" and "{" in self.path:  # of one object
            return "_".join([*words, "read"])
        if self.method == "GET":
            is_list = isinstance(self.view, Collection) or not self._words()[-1].startswith("{")
            return "_".join([*words, "list" if is_list else "read"])
        if self.method == "POST" and not isinstance(self.view, Collection) and len(words) > 1:
            by = [f"by_{self._words()[-1].strip('{}')}"] if self._words()[-1].startswith("{") else []
            if words[-1] == "read":  # GET of one object ends with it, too
                return "_".join([*words, "now"])
            return "_".join([*words, *by])
        of_all = ["all"] if self.method == "DELETE" and isinstance(self.view, Collection) else []
        return "_".join([*words, _ACTS[self.method], *of_all])

    def get_tags(self) -> list[str]:
        return [self._words()[0]]

    def get_summary(self) -> str:
        """Return the first line of the method's docstring, or a sentence from the method and the kind."""
        template = _SUMMARIES.get((self.method, isinstance(self.view, Collection)))
        kind = getattr(self.view, "kind", "")
        if not self._method_doc() and template and kind:
            noun = kind.replace("_", " ").replace("-", " ")
            plural = next(word for word in reversed(self._words()) if not word.startswith("{"))
            article = "an" if noun[0] in "aeio" else "a"
            return template.format(noun=noun, article=article, plural=plural.replace("-", " "))
        return self._doc().partition("\n")[0].rstrip(".") or self.get_operation_id()

    def get_description(self) -> str:  # type: ignore[override]  # the base has no annotation
        body = self.view.bodies.get(self.method)
        about = _plain(vars(body).get("__doc__")) if isinstance(body, type) and body is not Body else ""
        summary, _, rest = self._doc().partition("\n")
        if summary.rstrip(".") != self.get_summary():
            rest = self._doc()
        return "\n\n".join(words for words in (rest.strip(), about) if words)

    def get_auth(self) -> list[dict[str, Any]]:
        found = super().get_auth()
        return [*found, {}] if self.view.permission.get(self.method) == OPEN else found

    def get_request_serializer(self) -> Any:
        return self.view.bodies.get(self.method)

    def get_response_serializers(self) -> Any:
        status, serializer = self._answer()
        found: dict[Any, Any] = {(status, self.view.media_type): OpenApiResponse(serializer, "Done.")}
        if status == 204 or serializer is None:
            found = {status: OpenApiResponse(None, "Done.")}
        if isinstance(self.view, ExportOfList):
            found = {(200, kind.partition(";")[0]): _FILE for kind in exporting.FORMATS.values()}
            found[(200, "application/json")] = _ROWS
        if self.method == "GET" and isinstance(self.view, Item) and "version" in self.view.columns:
            found[304] = OpenApiResponse(None, "You have this version already (If-None-Match).")
        if self.method == "POST" and self.view.accepted:
            found[(202, "application/json")] = OpenApiResponse(serializer, self.view.accepted)
        for code in self._errors():
            found[(code, PROBLEM)] = OpenApiResponse(Problem, _ERRORS[code])
        if self.method == "POST" and (text := getattr(self.view, "without_version", "")):
            found[(428, PROBLEM)] = OpenApiResponse(Problem, text)
        return found

    def get_override_parameters(self) -> list[OpenApiParameter]:
        found = [
            OpenApiParameter(name, str, "path", description="The id, the reference or the slug.")
            for name in re.findall(r"{(\w+)}", self.path)
        ]
        if isinstance(self.view, Collection) and self.method == "GET":
            found += [*self._of_a_list(), *self._of_paging()]
        elif isinstance(self.view, ExportOfList):
            formats = list(exporting.FORMATS)
            found += [
                *self._of_a_list(),
                OpenApiParameter("format", str, "query", enum=formats, default=formats[0]),
            ]
        elif self.method == "GET" and hasattr(self.view, "spec"):
            found += [*self._of_a_list(), *(self._of_paging() if self.view.spec.is_paged else ())]
        if self.method == "GET" and type(self.view).get in (Collection.get, Item.get):
            found.append(_fields_of(self.view.serializer_class))
        if self.method == "POST":
            text = "1 to 200 printable characters. The same request under the same key acts once."
            key = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[\\x20-\\x7e]+$"}
            found.append(OpenApiParameter("Idempotency-Key", key, "header", description=text))
        if self.method == "POST" and self.view.accepted:
            found += _OF_ACCEPTED
        if self._reads_if_match():
            text = "The ETag of the version that you read, or * for any version."
            is_needed = self._needs_if_match()
            found.append(OpenApiParameter("If-Match", str, "header", required=is_needed, description=text))
        return found

    def _of_a_list(self) -> list[OpenApiParameter]:
        spec = self.view.spec
        orders = list(spec.orders)
        return [
            *(_parameter_of(name, one, spec.required) for name, one in spec.filters.items()),
            *(OpenApiParameter(name, str, "query") for name in spec.further),
            OpenApiParameter("order", str, "query", enum=orders, default=orders[0]),
            *([_columns_of(spec)] if spec.columns else []),
        ]

    @staticmethod
    def _of_paging() -> list[OpenApiParameter]:
        size = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": 50}
        return [
            OpenApiParameter("limit", size, "query", description="Rows per page."),
            OpenApiParameter("after", str, "query", description="The cursor of `next`."),
            OpenApiParameter("before", str, "query", description="The cursor of `previous`."),
        ]

    def _answer(self) -> tuple[int, Any]:
        if self.method in self.view.answers:
            return self.view.answers[self.method]
        own = getattr(self.view, "serializer_class", None)
        if self.method == "GET" and isinstance(self.view, Collection):
            return 200, _page_of(own, self.view.is_counted)
        if self.method == "DELETE":
            return 204, None
        return 201 if self.method == "POST" and isinstance(self.view, Collection) else 200, own

    def _errors(self) -> list[int]:
        found = [400, 401, 403, 429, 503]
        if "{" in self.path or self.view.names_objects:
            found.append(404)
        if self.method != "GET":
            found += [409, 412, 413, 415, 422]
        if self._needs_if_match():
            found.append(428)
        return sorted(found)

    def _reads_if_match(self) -> bool:
        """Return True if a write names the version it is based on: a change, or a step of an object."""
        if self.method != "POST":
            return self._needs_if_match()
        takes_it = isinstance(self.view, Step) or getattr(self.view, "takes_if_match", False)
        return takes_it or self._needs_if_match()

    def _needs_if_match(self) -> bool:
        if self.method == "POST":
            return getattr(self.view, "is_versioned", False)
        return self.method in {"PATCH", "PUT", "DELETE"} and isinstance(self.view, Item)

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        kind = type(serializer)
        name = kind.__name__
        if _names()[name.removesuffix("Page")] > 1 or _names()[name] > 1:
            return kind.__module__.split(".")[0].capitalize() + name
        return name

    def _postprocess_serializer_schema(self, schema: Any, serializer: Any, direction: Any) -> Any:
        found = super()._postprocess_serializer_schema(schema, serializer, direction)
        if isinstance(serializer, Body):
            found["additionalProperties"] = False
        return found

    def _words(self) -> list[str]:
        return self.path.removeprefix("/api/v1/").strip("/").split("/")

    def _method_doc(self) -> str:
        """Return the docstring of the view's own method. An inherited docstring does not count."""
        return _plain(getattr(vars(type(self.view)).get(self.method.lower()), "__doc__", ""))

    def _doc(self) -> str:
        """Return the docstring of the method, else of the class. Inherited docstrings do not count."""
        return self._method_doc() or _plain(vars(type(self.view)).get("__doc__"))


def _plain(doc: str | None) -> str:
    return "\n".join(line.strip() for line in (doc or "").strip().splitlines())


def _fields_of(row: type[serializers.Serializer]) -> OpenApiParameter:
    one = "|".join(known_fields(row))
    schema = {"type": "string", "pattern": f"^({one})(,({one}))*$"}
    return OpenApiParameter(FIELDS, schema, "query", description="Only these fields of a row, with commas.")


def _columns_of(spec: ListSpec) -> OpenApiParameter:
    one = "|".join(spec.columns)
    schema = {"type": "string", "pattern": f"^({one})(,({one}))*$"}
    text = "The columns of the page and of exports, in this order. Rows of the API have all their fields."
    return OpenApiParameter("columns", schema, "query", description=text)


def _parameter_of(name: str, list_filter: Filter, required: Names[str]) -> OpenApiParameter:
    """Return the description of a filter's query parameter."""
    choices = [value for value, _ in list_filter.choices]
    text = list_filter.help
    if list_filter.is_many and choices:
        text = f"{text} One of {', '.join(choices)}; several with commas.".strip()
    is_required = name in required
    return OpenApiParameter(name, list_filter.schema(), "query", required=is_required, description=text)


@cache
def _names() -> Counter[str]:
    """Return how many serializers have each name. Those with the same name get their room as a prefix."""
    found: Counter[str] = Counter()
    waiting = list(serializers.Serializer.__subclasses__())
    seen = set()
    while waiting:
        kind = waiting.pop()
        if kind not in seen:
            seen.add(kind)
            found[kind.__name__] += 1
            waiting += kind.__subclasses__()
    return found


@cache
def _page_of(row: type[serializers.Serializer], is_counted: bool) -> type[serializers.Serializer]:
    """Return the serializer of a page of rows."""
    counts = {
        "count": serializers.IntegerField(help_text="The number of rows, counted up to 1000."),
        "is_count_capped": serializers.BooleanField(help_text="true: there are more than `count`."),
    }
    fields = {
        "__doc__": "One page of a list.",
        "__module__": row.__module__,
        "results": row(many=True),
        **(counts if is_counted else {}),
        "next": serializers.URLField(allow_null=True, help_text="The next page, or null on the last page."),
        "previous": serializers.URLField(allow_null=True),
    }
    return type(f"{row.__name__}Page", (serializers.Serializer,), fields)


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


@cache
def document() -> dict[str, Any]:
    """Return the whole description. It depends only on the code, so it is built once per process."""
    return SchemaGenerator().get_schema(request=None, public=True)
