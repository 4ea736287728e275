"""Service accounts: accounts of programs, for which a person or a team is responsible.

They have a role and tokens, but no password, mail or team. So they work on when a person leaves.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from people import queries as people
from people.models import ServiceAccount, Team, Token, User
from people.operations import token as tokens
from people.operations.person import free_handle
from people.slugs import slug_of
from people.states import RANK, Role, TokenScope

ROLES = (Role.VIEWER, Role.MEMBER, Role.RISK_MANAGER)
CHANGEABLE = frozenset({"name", "purpose", "role", "responsible", "responsible_team"})
# No mail can reach this domain (RFC 2606).
DOMAIN = "service.invalid"
_AT_HANDOVER = "Pushes signals. Its token was taken over when a person handed their work over."


@transaction.atomic
def add(
    *,
    name: str,
    purpose: str,
    role: str = Role.MEMBER,
    responsible: User | None = None,
    responsible_team: Team | None = None,
    by: Actor,
    at: datetime,
) -> ServiceAccount:
    """Create a service account. Raises Refused for its name, purpose, role or who is responsible."""
    values = _checked(
        {
            "name": name,
            "purpose": purpose,
            "role": role,
            "responsible": responsible,
            "responsible_team": responsible_team,
        }
    )
    handle = free_handle(slug_of(f"service {values['name']}"))
    account = ServiceAccount(
        **values, email=f"{handle}@{DOMAIN}", handle=handle, is_service=True, is_mail_refused=True
    )
    account.is_digest_wanted = False
    account.set_unusable_password()
    try:
        history.record(account, "people.service_account_added", by=by, at=at)
    except IntegrityError:  # two at the same moment: the constraint on handles decides
        raise Refused("Another account of this name was just added. Try again.", field="name") from None
    return account


@transaction.atomic
def change(
    account: ServiceAccount,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> ServiceAccount:
    """Change fields of CHANGEABLE. Raises Refused, ChangedMeanwhile."""
    if unknown := set(values) - CHANGEABLE:
        raise Refused(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    present = {name: getattr(account, name) for name in CHANGEABLE}
    whole = _checked({**present, **values}, given=set(values))
    changed = {name: whole[name] for name in values}
    verb = "people.service_account_changed"
    if history.change(account, changed, by=by, at=at, seen=seen, verb=verb):
        history.retitle(account)
    return account


@transaction.atomic
def deactivate(
    account: ServiceAccount, *, by: Actor, at: datetime, seen: int | None = None
) -> ServiceAccount:
    """Deactivate a service account. All its tokens end with this transaction."""
    live = account.tokens.filter(revoked_at__isnull=True)
    revoked = [(issued, {"revoked_at": at}) for issued in live]
    verb = "people.service_account_deactivated"
    history.change(account, {"is_active": False}, by=by, at=at, seen=seen, rows=revoked, verb=verb)
    history.end_all_sight(account, by=by, at=at)
    history.retire(account)
    return account


@transaction.atomic
def reactivate(
    account: ServiceAccount, *, by: Actor, at: datetime, seen: int | None = None
) -> ServiceAccount:
    """Reactivate a service account. Its old tokens stay revoked."""
    verb = "people.service_account_reactivated"
    history.change(account, {"is_active": True}, by=by, at=at, seen=seen, verb=verb)
    history.give_back_sight(account, by=by, at=at)
    history.retire(account, is_retired=False)
    return account


@transaction.atomic
def take_over_tokens(
    person: User, *, responsible: User | None, by: Actor, at: datetime
) -> list[ServiceAccount]:
    """Move the tokens with which tools push signals to service accounts, so that they outlive the person.

    One account for each token. Raises Refused without somebody responsible.
    """
    moved = []
    for token in ingest_tokens(person, at):
        if responsible is None:
            raise Refused("Choose who is responsible for the tokens that push signals.", field="to")
        account = add(name=token.name, purpose=_AT_HANDOVER, responsible=responsible, by=by, at=at)
        tokens.move(token, account, by=by, at=at)
        moved.append(account)
    return moved


def ingest_tokens(person: User, at: datetime) -> list[Token]:
    """Return the live tokens of a person with which tools push signals. Those of a viewer push none."""
    if RANK[Role(person.role)] < RANK[Role.MEMBER]:
        return []
    rows = person.tokens.filter(scope=TokenScope.INGEST, revoked_at__isnull=True, expires_at__gt=at)
    return list(rows.select_related("subject", "user").order_by("id"))


def _checked(values: dict[str, Any], given: set[str] | None = None) -> dict[str, Any]:
    """Return the values of a whole account as they are stored. given: those that are new, None for all."""
    name, purpose = " ".join(values["name"].split()), " ".join(values["purpose"].split())
    if not 1 <= len(name) <= 120:
        raise Refused("Enter a name of 1 to 120 characters.", field="name")
    if not 1 <= len(purpose) <= 300:
        raise Refused("Enter what it is for, in at most 300 characters.", field="purpose")
    if values["role"] not in ROLES:
        roles = ", ".join(ROLES)
        raise Refused(f"Use one of {roles}: no program administrates people.", field="role")
    person, team = values["responsible"], values["responsible_team"]
    if person is None and team is None:
        raise Refused("Choose a person or a team that is responsible.", field="responsible")
    if person is not None and (given is None or "responsible" in given):
        if not person.is_active:
            raise Refused("This person is deactivated. Choose an active person.", field="responsible")
        if reason := people.why_no_owner(person):
            raise Refused(reason, field="responsible")
    return {**values, "name": name, "purpose": purpose}
