"""The first gate of the API: only resources that name their permissions are served."""

from collections.abc import Mapping
from typing import Any

from rest_framework.permissions import BasePermission


class NamesItsPermission(BasePermission):
    """Refuse a view without a `permission` table; ApiView.initial then asks the registry."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return isinstance(getattr(view, "permission", None), Mapping)
