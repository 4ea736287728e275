"""Reading people: who is there, in which zone, who could be asked."""

import zoneinfo
from typing import Any

from django.db.models import QuerySet

from people.models import Function, Organisation, Team, User


def organisation() -> Organisation | None:
    """The organisation; None before set-up."""
    return Organisation.objects.select_related("subject").first()


def zone_of(user: Any) -> zoneinfo.ZoneInfo:
    """The zone a reader sees times in: their own, else the organisation's, else UTC."""
    if getattr(user, "is_authenticated", False) and user.time_zone:
        return zoneinfo.ZoneInfo(user.time_zone)
    found = Organisation.objects.values_list("time_zone", flat=True).first()
    return zoneinfo.ZoneInfo(found or "UTC")


def people() -> QuerySet[User]:
    """Active people by name, with their function."""
    return User.objects.filter(is_active=True).select_related("function", "subject").order_by("name", "id")


def functions() -> QuerySet[Function]:
    return Function.objects.order_by("name")


def teams() -> QuerySet[Team]:
    return Team.objects.select_related("lead").order_by("name")
