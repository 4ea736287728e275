"""Reads of service accounts."""

from typing import Any

from django.db.models import Exists, Max, OuterRef, QuerySet

from lists.collation import BY_NAME
from people.models import Membership, ServiceAccount, Token, UserQuerySet


def service_accounts() -> UserQuerySet:
    """Return all service accounts by name, with who is responsible and `last_used_at`."""
    used = Max("tokens__last_used_at")
    rows: Any = ServiceAccount.objects.select_related("subject", "responsible", "responsible_team__lead")
    return rows.annotate(last_used_at=used).order_by(*BY_NAME)


def without_responsible() -> QuerySet[ServiceAccount]:
    """Return the active service accounts whose person has left, and whose team has no active member."""
    members = Membership.objects.filter(team=OuterRef("responsible_team"), user__is_active=True)
    rows = ServiceAccount.objects.filter(is_active=True).exclude(responsible__is_active=True)
    return rows.filter(~Exists(members)).order_by(*BY_NAME)


def with_known_secret() -> QuerySet[Token]:
    """Return the tokens that were taken over from a person who left and whose secret was not replaced."""
    rows = Token.objects.filter(moved_at__isnull=False, revoked_at__isnull=True, user__is_active=True)
    return rows.select_related("user").order_by("id")
