"""Keys of the addresses of the API: an id, a reference such as R-142, or a slug."""

from typing import Any

from django.http import Http404

from kit import references


def lookup(key: str, *, reference: str = "subject__reference", slug: str = "") -> dict[str, Any]:
    """Return the lookup for a key of an address. Raises Http404 for a key that names nothing.

    reference: the path of the reference, "" for rows without one. slug: the field of other keys, "" without
    one.
    """
    if reference and references.is_reference(key):
        return {reference: key.upper()}
    number = references.as_id(key)
    if number is not None:
        return {"pk": number}
    if slug:
        return {slug: key}
    raise Http404
