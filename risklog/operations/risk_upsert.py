"""Create a risk, or change the one that another tool sent before under the same external id."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from kit import locks
from kit.actor import Actor
from kit.locks import Lock
from kit.refusals import Refused
from risklog.models import Risk
from risklog.operations import risk as risks
from risklog.permissions.risk import may_change

# What only a new risk takes. restrict() changes who may see an existing one.
OF_NEW_RISKS = ("is_unnamed", "viewers")


@transaction.atomic
def upsert(
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    seen: Callable[[Risk | None], int | None] = lambda existing: None,
) -> tuple[Risk, bool]:
    """Return the risk and whether it is new.

    values: the arguments of risk.add(), with external_id. An existing risk is found among those that the
    person may see, the oldest first, and gets only the values that are given.
    seen: returns the version that the sender read of the existing risk, or raises. Without a version the
    sender is the source of these values, which replace those of others.
    Raises Refused, PermissionDenied.
    """
    key = str(values["external_id"]).strip()
    locks.wait_for(Lock.EXTERNAL_IDS, key)
    known = Risk.objects.visible_to(by.person).filter(external_id=key).order_by("id")
    existing = known.select_related("subject", "owner", "category", "model", "team", "series").first()
    if existing is None:
        seen(None)
        return risks.add(**{"likelihood": 3, "impact": 3, **values}, by=by, at=at), True
    for name in OF_NEW_RISKS:
        if values.get(name):
            field = "only_teams" if name == "viewers" else name
            raise Refused(f"{existing.reference} has this external ID. Leave {field} out.", field=field)
    if by.person is None or not may_change(by.person, existing):
        raise PermissionDenied(f"You cannot change {existing.reference}. Ask its owner.")
    version = seen(existing)
    changes = {name: value for name, value in values.items() if name not in OF_NEW_RISKS}
    return risks.change(existing, changes, by=by, at=at, seen=version), False
