"""The registry of permissions: it answers whether a user may do something to an object.

Rooms register predicates in `permissions.py`. A permission that is not registered is refused.
MOVES, not a permission, says in which state a step is possible.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied

from kit.sight import Visitor

Predicate = Callable[[Any, Any], bool]
_predicates: dict[str, Predicate] = {}
_for_people: set[str] = set()

OPEN = "open"  # for everyone, signed in or not: sign-in, health


def permission(name: str, *, for_people: bool = False) -> Callable[[Predicate], Predicate]:
    """Register `predicate(user, obj) -> bool` under a name such as "risklog.risk_change".

    With obj None, the predicate answers whether the user may do it to any object.
    for_people: no service account has it, whatever its role: it is a decision, or work that one takes on.
    """

    def register(predicate: Predicate) -> Predicate:
        if name in _predicates:
            raise ValueError(f"The permission {name} is registered twice.")
        _predicates[name] = predicate
        if for_people:
            _for_people.add(name)
        return predicate

    return register


def may(user: Visitor, name: str, obj: Any = None) -> bool:
    """Return True if the user has the permission. A user who is not signed in or not active has none."""
    if name in _for_people and getattr(user, "is_service", False):
        return False
    predicate = _predicates.get(name)
    return bool(predicate and user.is_authenticated and user.is_active and predicate(user, obj))


def require(user: Visitor, name: str, obj: Any = None) -> None:
    """Raise PermissionDenied unless may(). The caller has loaded the object, so the user may see it."""
    if not may(user, name, obj):
        raise PermissionDenied


def view_needs(name: str) -> Callable[[Callable], Callable]:
    """Return a decorator that names a view's permission and checks it, without an object, before each run."""

    def wrap(view: Callable) -> Callable:
        @wraps(view)
        def checked(request: Any, *args: Any, **kwargs: Any) -> Any:
            if name != OPEN:
                require(request.user, name)
            return view(request, *args, **kwargs)

        checked.permission = name  # type: ignore[attr-defined]  # read by the middleware and the house tests
        return checked

    return wrap


def names() -> frozenset[str]:
    """Return all registered permissions. House tests compare them with those that views and the API name."""
    return frozenset(_predicates)
