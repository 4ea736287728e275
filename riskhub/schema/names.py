"""The names of serializers in the description, and those of pages of rows."""

from collections import Counter
from functools import cache

from rest_framework import serializers


@cache
def names() -> Counter[str]:
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
def page_of(row: type[serializers.Serializer], is_counted: bool) -> type[serializers.Serializer]:
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
