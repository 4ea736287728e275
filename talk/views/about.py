"""How pages of this room name the object that they are about."""

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from history.models import Subject
from kit import references


def about_of(request: HttpRequest, values: Any) -> Subject:
    """Return the visible object that a form or an address names by kind and object_id. Raises Http404."""
    object_id = references.as_id(str(values.get("object_id", "")))
    rows = Subject.objects.visible_to(request.user)
    return get_object_or_404(rows, kind=values.get("kind", ""), object_id=object_id or 0)
