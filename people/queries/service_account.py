"""Reads of service accounts."""

from datetime import datetime
from typing import Any

from django.db.models import Max, QuerySet

from lists.collation import BY_NAME
from people.models import ServiceAccount, Token, UserQuerySet


def service_accounts() -> UserQuerySet:
    """Return all service accounts by name, with who is responsible and `last_used_at`."""
    used = Max("tokens__last_used_at")
    rows: Any = ServiceAccount.objects.select_related("subject", "responsible", "responsible_team__lead")
    return rows.annotate(last_used_at=used).order_by(*BY_NAME)


def without_responsible() -> list[ServiceAccount]:
    """Return the active service accounts for which nobody answers (User.answerable). One query."""
    rows = ServiceAccount.objects.filter(is_active=True).order_by(*BY_NAME)
    people = rows.select_related("responsible", "responsible_team__lead")
    return [account for account in people if account.answerable is None]


def with_known_secret(at: datetime) -> QuerySet[Token]:
    """Return the live tokens that were taken over from a person who left and whose secret still works."""
    rows = Token.objects.filter(moved_at__isnull=False, revoked_at__isnull=True, user__is_active=True)
    return rows.filter(expires_at__gt=at).select_related("user").order_by("id")
