"""The published description of the API (OpenAPI 3.1), built from the resources.

drf_spectacular supports generic views. Our views declare columns, filters, orders, bodies and answers
(rest.resource), so resources.py reads those.
"""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator

from riskhub.schema import extensions  # noqa: F401  (they register themselves)


@cache
def document() -> dict[str, Any]:
    """Return the whole description. It depends only on the code, so it is built once per process."""
    return SchemaGenerator().get_schema(request=None, public=True)
