"""The parameters of an operation: the filters of a list, its pages, the fields of a row, and headers."""

from collections.abc import Collection as Names

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from lists.specification import Filter, ListSpec
from rest.resource import MAX_PAGE_SIZE
from rest.sparse import FIELDS, known_fields

# The headers of an answer whose work goes on.
OF_ACCEPTED = [
    OpenApiParameter("Location", str, "header", response=[202], description="Read there how far it is."),
    OpenApiParameter("Retry-After", int, "header", response=[202], description="Seconds until then."),
]


def of_list(spec: ListSpec) -> list[OpenApiParameter]:
    """Return the query parameters of a list: its filters, orders and columns."""
    orders = list(spec.orders)
    return [
        *(_of_filter(name, one, spec.required) for name, one in spec.filters.items()),
        *(OpenApiParameter(name, str, "query") for name in spec.further),
        OpenApiParameter("order", str, "query", enum=orders, default=orders[0]),
        *([_of_columns(spec)] if spec.columns else []),
    ]


def of_pages() -> list[OpenApiParameter]:
    """Return the query parameters of a list that has pages."""
    size = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": 50}
    return [
        OpenApiParameter("limit", size, "query", description="Rows per page."),
        OpenApiParameter("after", str, "query", description="The cursor of `next`."),
        OpenApiParameter("before", str, "query", description="The cursor of `previous`."),
    ]


def of_fields(row: type[serializers.Serializer]) -> OpenApiParameter:
    """Return the query parameter that chooses the fields of a row."""
    one = "|".join(known_fields(row))
    schema = {"type": "string", "pattern": f"^({one})(,({one}))*$"}
    return OpenApiParameter(FIELDS, schema, "query", description="Only these fields of a row, with commas.")


def _of_columns(spec: ListSpec) -> OpenApiParameter:
    one = "|".join(spec.columns)
    schema = {"type": "string", "pattern": f"^({one})(,({one}))*$"}
    text = "The columns of the page and of exports, in this order. Rows of the API have all their fields."
    return OpenApiParameter("columns", schema, "query", description=text)


def _of_filter(name: str, list_filter: Filter, required: Names[str]) -> OpenApiParameter:
    """Return the description of a filter's query parameter."""
    choices = [value for value, _ in list_filter.choices]
    text = list_filter.help
    if list_filter.is_many and choices:
        text = f"{text} One of {', '.join(choices)}; several with commas.".strip()
    is_required = name in required
    return OpenApiParameter(name, list_filter.schema(), "query", required=is_required, description=text)
