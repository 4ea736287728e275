"""The one place that answers "may this user do this to this object": a registry of predicates.

Rooms register theirs in `permissions.py`; nothing registered means refused.
*When* something may happen is MOVES, not a permission.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied

from kit.sight import Visitor

Predicate = Callable[[Any, Any], bool]
_predicates: dict[str, Predicate] = {}

OPEN = "open"  # for everyone, signed in or not: sign-in, health


def permission(name: str) -> Callable[[Predicate], Predicate]:
    """Register `predicate(user, obj) -> bool` under a name such as "risklog.risk_change".

    With obj None the question is whether the user may do it to anything at all.
    """

    def register(predicate: Predicate) -> Predicate:
        if name in _predicates:
            raise ValueError(f"The permission {name} is registered twice.")
        _predicates[name] = predicate
        return predicate

    return register


def may(user: Visitor, name: str, obj: Any = None) -> bool:
    """Whether the user may. Nobody who is not signed in or not active may anything."""
    predicate = _predicates.get(name)
    return bool(predicate and user.is_authenticated and user.is_active and predicate(user, obj))


def require(user: Visitor, name: str, obj: Any = None) -> None:
    """may(), or PermissionDenied. For an object the reader may see already; an invisible one is a 404."""
    if not may(user, name, obj):
        raise PermissionDenied


def view_needs(name: str) -> Callable[[Callable], Callable]:
    """Name the permission of a view, and check it in general before the view runs."""

    def wrap(view: Callable) -> Callable:
        @wraps(view)
        def checked(request: Any, *args: Any, **kwargs: Any) -> Any:
            if name != OPEN:
                require(request.user, name)
            return view(request, *args, **kwargs)

        checked.permission = name  # type: ignore[attr-defined]
        return checked

    return wrap


def names() -> frozenset[str]:
    """All registered permissions; the house tests compare them with what views and the API name."""
    return frozenset(_predicates)
