"""Operations on invitations: invite, resend, withdraw, accept; and to ask for one, if a setting allows it."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from history import operations as history
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, Refused
from people import events
from people.models import Function, Invitation, Team, User
from people.operations import address as email_address
from people.operations import person, team
from people.operations import sign_in as tries
from people.queries import links
from people.states import InvitationState, Role

LIVES = timedelta(days=7)
MOST_AT_ONCE = 100
SENT = "people.invitation_sent"
_OF_NETWORK = 20


@transaction.atomic
def invite(
    addresses: Iterable[str],
    *,
    name: str = "",
    role: str = Role.MEMBER,
    function: Function | None = None,
    teams: Sequence[Team] = (),
    by: Actor,
    at: datetime,
) -> list[Invitation]:
    """Invite people by email, all or none. name: of one person; they can change it.

    Raises Refused: for an address of a person or with an open invitation, and for too many at once.
    """
    wanted = list(dict.fromkeys(address.strip().lower() for address in addresses if address.strip()))
    if not wanted or len(wanted) > MOST_AT_ONCE:
        raise Refused(f"Enter 1 to {MOST_AT_ONCE} email addresses.", field="addresses")
    if role not in Role.values:
        raise Refused(f"Use one of {', '.join(Role.values)}.", field="role")
    _check_addresses(wanted)
    _free(wanted, by, at)
    values: dict[str, Any] = {"role": role, "function": function, "teams": sorted(one.pk for one in teams)}
    if len(wanted) == 1:
        values["name"] = " ".join(name.split())[:120]
    made = [_new(address, by=by, at=at, **values) for address in wanted]
    try:
        for row in made:
            history.record(row, SENT, by=by, at=at)
    except IntegrityError:  # two at the same moment: the constraint decides
        raise Refused("Somebody else just invited one of these people.", field="addresses") from None
    return made


@transaction.atomic
def resend(invitation: Invitation, *, by: Actor, at: datetime, seen: int | None = None) -> Invitation:
    """Send an open or expired invitation again, with a new link. The earlier link ends. Raises Refused."""
    _lock_pending(invitation, seen, at)
    nonce = _nonce()
    values = {
        "nonce": nonce,
        "secret_hash": _hash(nonce),
        "sent_at": at,
        "expires_at": at + LIVES,
        "invited_by": by.person,
    }
    history.change(invitation, values, by=by, at=at, seen=seen, verb=SENT)
    return invitation


@transaction.atomic
def withdraw(invitation: Invitation, *, by: Actor, at: datetime, seen: int | None = None) -> Invitation:
    """End an invitation: its link no longer works. Raises Refused for one that was accepted or withdrawn."""
    _lock_pending(invitation, seen, at)
    history.change(
        invitation, {"withdrawn_at": at}, by=by, at=at, seen=seen, verb="people.invitation_withdrawn"
    )
    return invitation


@transaction.atomic
def accept(invitation: Invitation, *, name: str, password: str | None, at: datetime) -> User:
    """Add the invited person, with their role, function and teams.

    password: None if they sign in by a provider, which says that the address is theirs. Raises Refused, also
    if whoever invited them is no administrator any more.
    """
    rows = Invitation.objects.select_for_update(of=("self",))
    present = rows.select_related("subject", "invited_by", "function").get(pk=invitation.pk)
    if present.state(at) != InvitationState.OPEN:
        raise Refused("This invitation was used, withdrawn, or has expired. Ask for a new one.")
    if not _is_usable(present, at):
        raise Refused("Whoever invited you may not do so any more. Ask an administrator to invite you.")
    # History names who gave the role, so that one administrator cannot become two (risklog.queries.reveal).
    inviter = Actor(present.invited_by, "page") if present.invited_by else SYSTEM
    user = person.add(
        name=name,
        email=present.email,
        role=present.role,
        function=present.function,
        password=password,
        by=inviter,
        at=at,
    )
    for one in Team.objects.filter(pk__in=present.teams).select_related("subject").order_by("pk"):
        team.join(one, user, by=inviter, at=at)
    history.change(
        present,
        {"accepted_at": at, "person": user},
        by=Actor(user, "page"),
        at=at,
        payload=events.InvitationAccepted(person=user.subject_id),
    )
    return user


@transaction.atomic
def ask_for_one(email: str, *, network: str, at: datetime) -> None:
    """Invite somebody who asks for it themselves, if a setting allows their mail domain (RISKHUB_SIGN_UP).

    Nothing says whether there is such a person or invitation already. Raises Refused for other domains, and
    TooManyTries.
    """
    email = email.strip().lower()
    email_address.check(email, field="email")
    if not may_sign_up(email):
        domains = ", ".join(settings.SIGN_UP_DOMAINS)
        raise Refused(f"Use an address of {domains}, or ask an administrator to invite you.", field="email")
    budgets = {tries.key_of("sign_up", email): 3, tries.key_of("sign_up_from", network): _OF_NETWORK}
    tries.count_act(budgets, message="Too many requests. Wait 15 minutes and try again.", at=at)
    if User.objects.filter(email=email).exists():
        return
    rows = Invitation.objects.select_for_update(of=("self",)).select_related("subject", "invited_by")
    pending = rows.filter(email=email, accepted_at=None, withdrawn_at=None).first()
    if pending is not None and pending.invited_by is None:
        resend(pending, by=SYSTEM, at=at)
        return
    if pending is not None and not _is_usable(pending, at):
        withdraw(pending, by=SYSTEM, at=at)
        pending = None
    if pending is None:
        row = _new(email, by=SYSTEM, at=at, role=settings.SIGN_UP_ROLE, function=None, teams=[])
        try:
            with transaction.atomic():
                history.record(row, SENT, by=SYSTEM, at=at)
        except IntegrityError:  # invited at the same moment: that mail has the link
            return
    # The link of an administrator's invitation stays as it is: it is in an earlier mail.


def may_sign_up(email: str) -> bool:
    """Return whether somebody with this address may come uninvited."""
    return email.rpartition("@")[2].lower() in settings.SIGN_UP_DOMAINS


def _is_usable(invitation: Invitation, at: datetime) -> bool:
    """Return whether it can be accepted: it is open, and whoever invited may still do so."""
    inviter = invitation.invited_by
    may_invite = inviter is None or inviter.is_at_least(Role.ADMINISTRATOR)
    return may_invite and invitation.state(at) == InvitationState.OPEN


def _new(email: str, *, by: Actor, at: datetime, **values: Any) -> Invitation:
    nonce = _nonce()
    return Invitation(
        email=email,
        invited_by=by.person,
        nonce=nonce,
        secret_hash=_hash(nonce),
        sent_at=at,
        expires_at=at + LIVES,
        **values,
    )


def _nonce() -> str:
    return secrets.token_urlsafe(32)


def _hash(nonce: str) -> bytes:
    return sha256(links.invitation_secret(nonce).encode()).digest()


def _lock_pending(invitation: Invitation, seen: int | None, at: datetime) -> None:
    """Lock an invitation that is neither accepted nor withdrawn. Raises Refused, ChangedMeanwhile."""
    present = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
    if seen is not None and present.version != seen:
        raise ChangedMeanwhile("Somebody else changed this invitation.", present=present)
    state = present.state(at)
    if state in (InvitationState.ACCEPTED, InvitationState.WITHDRAWN):
        raise Refused(f"This invitation is {state.label.lower()} already. Invite the person again if needed.")


def _check_addresses(addresses: Iterable[str]) -> None:
    for address in addresses:
        email_address.check(address, field="addresses")


def _free(addresses: Sequence[str], by: Actor, at: datetime) -> None:
    """Make room for new invitations: an expired one of the same address is withdrawn. Raises Refused."""
    people = sorted(User.objects.filter(email__in=addresses).values_list("email", flat=True))
    if people:
        raise Refused(f"{_listed(people)} already: choose other addresses.", field="addresses")
    rows = Invitation.objects.select_for_update(of=("self",)).select_related("subject")
    pending = list(rows.filter(email__in=addresses, accepted_at=None, withdrawn_at=None).order_by("pk"))
    opened = [row.email for row in pending if row.state(at) == InvitationState.OPEN]
    if opened:
        text = f"{', '.join(opened)}: invited already. Resend or withdraw that invitation."
        raise Refused(text, field="addresses")
    for row in pending:
        withdraw(row, by=by, at=at)


def _listed(people: Sequence[str]) -> str:
    return f"{', '.join(people)} {'is a person' if len(people) == 1 else 'are people'} here"
