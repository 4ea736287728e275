"""The description of the API: as OpenAPI JSON and as a page."""

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from rest_framework.request import Request
from rest_framework.response import Response

from kit.rights import OPEN, view_needs
from rest.resource import ApiView
from riskhub import schema

_ORDER = ("get", "post", "patch", "put", "delete")


class Schema(ApiView):
    """Get this description (OpenAPI 3.1)."""

    permission: ClassVar = {"GET": OPEN}
    answers: ClassVar = {"GET": (200, {"type": "object", "additionalProperties": True})}

    def get(self, request: Request) -> Response:
        return Response(schema.document())


@require_safe
@view_needs("people.signed_in")
def reference(request: HttpRequest) -> HttpResponse:
    found = schema.document()
    address = request.build_absolute_uri("/api/v1/people")
    example = f'curl -H "Authorization: Bearer $RISKHUB_TOKEN" {address}'
    return render(request, "reference.html", {"groups": groups(found), "example": example})


def groups(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the operations for the page, grouped by tag, in the order of the addresses."""
    by_tag: dict[str, list[dict[str, Any]]] = {}
    for path, methods in found["paths"].items():
        for method in _ORDER:
            if method in methods:
                operation = _operation(path, method, methods[method], found)
                by_tag.setdefault(operation["tag"], []).append(operation)
    return [{"tag": tag, "operations": operations} for tag, operations in sorted(by_tag.items())]


def _operation(path: str, method: str, one: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    good = next((code for code in one["responses"] if code.startswith("2")), "")
    answer = one["responses"].get(good, {}).get("content", {}).get("application/json", {}).get("schema", {})
    body = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return {
        "id": one["operationId"],
        "tag": one["tags"][0],
        "method": method.upper(),
        "path": path,
        "summary": one.get("summary", ""),
        "description": one.get("description", ""),
        "parameters": [_parameter(each) for each in one.get("parameters", [])],
        "body": _fields(body, found),
        "status": good,
        "answer": _fields(_row_of(answer, found), found),
        "is_list": _row_of(answer, found) is not answer,
    }


def _parameter(one: dict[str, Any]) -> dict[str, Any]:
    description = one.get("description", "")
    if choices := one["schema"].get("enum"):
        description = f"{description} One of {', '.join(map(str, choices))}.".strip()
    return {
        "name": one["name"],
        "in": one["in"],
        "required": one.get("required", False),
        "description": description,
    }


def _fields(schema_: dict[str, Any], found: dict[str, Any]) -> list[dict[str, Any]]:
    whole = _resolved(schema_, found)
    needed = whole.get("required", [])
    return [
        {
            "name": name,
            "type": _type(field, found),
            "required": name in needed,
            "description": field.get("description", ""),
        }
        for name, field in whole.get("properties", {}).items()
    ]


def _resolved(schema_: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema_:
        return found["components"]["schemas"][schema_["$ref"].rsplit("/", 1)[-1]]
    return schema_


def _row_of(schema_: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the row of a list."""
    properties = _resolved(schema_, found).get("properties", {})
    return properties["results"]["items"] if "is_count_capped" in properties else schema_


def _type(field: dict[str, Any], found: dict[str, Any]) -> str:
    if "enum" in field:
        return " | ".join("null" if value is None else str(value) or "“”" for value in field["enum"])
    for several in ("oneOf", "anyOf"):
        if several in field:
            return " or ".join(_type(each, found) for each in field[several])
    if "allOf" in field or "$ref" in field:
        return "object"
    kind = field.get("type", "any")
    type_name = " or ".join(kind) if isinstance(kind, list) else kind
    if type_name == "array":
        return f"list of {_type(field.get('items', {}), found)}"
    return f"{type_name} ({field['format']})" if "format" in field else type_name
