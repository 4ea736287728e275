"""The first check of the API: it refuses a resource that does not name its permissions."""

from collections.abc import Mapping
from typing import Any

from rest_framework.permissions import BasePermission


class NamesItsPermission(BasePermission):
    """Refuse a view without a `permission` table. ApiView.initial then checks the permission itself."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return isinstance(getattr(view, "permission", None), Mapping)
