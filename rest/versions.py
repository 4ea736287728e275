"""ETags: the version of a row that a client read, and that a write must name."""

import re
from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import APIException, ValidationError

_TAG = re.compile(r'(W/)?"[^"]*"')


class PreconditionRequired(APIException):
    status_code = 428
    default_detail = "Send If-Match with the ETag of the version that you read."


class Stale(APIException):
    """412, with the current row in the answer. tag: the ETag of the current row."""

    status_code = 412
    default_detail = "Somebody else changed this. Its current state is in “present”."

    def __init__(self, present: Mapping[str, Any], tag: str) -> None:
        super().__init__()
        self.present, self.tag = present, tag


class NoVersion(APIException):
    """412 for a version of an object that does not exist."""

    status_code = 412
    default_detail = "There is no such object yet, so it has no version. Leave If-Match out."


def etag(kind: str, pk: int, version: int) -> str:
    return f'"{kind}-{pk}-{version}"'


def tags(header: str | None) -> set[str]:
    """Return the ETags of a header. A proxy that compresses marks them weak (W/); the version is the same."""
    return {part.strip().removeprefix("W/") for part in (header or "").split(",") if part.strip()}


def named(header: str, kind: str) -> set[str]:
    """Return the ETags of an If-Match, {"*"} for any version. Raises ValidationError for other text."""
    found = tags(header)
    if found == {"*"} or (found and all(_TAG.fullmatch(tag) for tag in found)):
        return found
    raise ValidationError(
        {"If-Match": [f"Send the ETag of the version that you read, such as {etag(kind, 12, 3)}, or *."]}
    )
