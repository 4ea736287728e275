"""People who sign in by a provider: linked to an account or added; their groups become teams and roles."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import transaction

from history import operations as history
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from people import events
from people.models import Invitation, Membership, Team, User
from people.operations import invitation, person, team
from people.states import RANK, Role

logger = logging.getLogger(__name__)
ROLE = "role:"
_LINKED = (
    "The account with this address is linked with another sign-in of this provider. Use that one, or your "
    "password. If the provider gave you a new sign-in, ask an administrator to deactivate and reactivate "
    "your account: then your next sign-in is linked."
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a provider says that somebody is.

    provider: its id. key: what it calls the person, permanently. email: "" if it is not verified.
    groups: None if it says nothing about groups.
    """

    provider: str
    key: str
    email: str
    name: str
    groups: frozenset[str] | None


@transaction.atomic
def find_or_add(identity: Identity, *, may_add: bool, at: datetime) -> User:
    """Return the person of an identity: linked before, of the same verified address, invited, or new.

    Raises Refused with the fix if there is nobody, if the person was deactivated, or if another identity of
    this provider is linked with them already.
    """
    rows = SocialAccount.objects.select_related("user__subject")
    linked = rows.filter(provider=identity.provider, uid=identity.key).first()
    user = linked.user if linked else _of_address(identity, may_add, at)
    if not user.is_active:
        raise Refused("This account is deactivated. Ask an administrator.")
    if linked is None:
        _link(user, identity, at)
    return user


@transaction.atomic
def follow_groups(
    user: User, groups: Collection[str] | None, mapping: Mapping[str, str], *, provider: str, at: datetime
) -> None:
    """Let teams and role of a person follow the groups that the provider says, as the settings map them.

    Only teams and roles in the mapping change: what was made by hand beside it stays. groups: None changes
    nothing. The last administrator keeps the role, and a lead the team. History names the provider.
    """
    if groups is None or not mapping:
        return
    locked = person.lock(user, None)
    targets = {mapping[group] for group in groups if group in mapping}
    _follow_role(locked, targets, set(mapping.values()), provider, at)
    _follow_teams(locked, targets, set(mapping.values()), provider, at)


@transaction.atomic
def unlink(user: User, link: SocialAccount, *, by: Actor, at: datetime) -> None:
    """End the link of a person with an identity of a provider. Their next sign-in by it links them again.

    Raises Refused if they could not sign in any more: without a password and without another link.
    """
    person.lock(user, None)
    others = SocialAccount.objects.filter(user=user).exclude(pk=link.pk).exists()
    if not others and not user.has_usable_password():
        raise Refused("You have no password, so this is your only way to sign in. Set a password first.")
    payload = events.ProviderUnlinked(provider=link.provider)
    if link.delete()[0]:
        history.record(user, payload, by=by, at=at)


def _link(user: User, identity: Identity, at: datetime) -> None:
    """Link a person with an identity, unless another one of the provider is linked. Raises Refused.

    A provider may give the address of somebody who left to somebody else: the address alone is no proof then.
    """
    person.lock(user, None)  # two identities with one address at the same moment: only the first is linked
    linked = SocialAccount.objects.filter(user=user, provider=identity.provider)
    if linked.exclude(uid=identity.key).exists():
        raise Refused(_LINKED)
    linked.get_or_create(provider=identity.provider, uid=identity.key, defaults={"user": user})
    by = Actor(user, "page")
    history.record(user, events.ProviderLinked(provider=identity.provider), by=by, at=at)


def _of_address(identity: Identity, may_add: bool, at: datetime) -> User:
    if not identity.email:
        raise Refused(
            "The provider does not say that your email address is verified. "
            "Verify it there, or sign in with your password."
        )
    known = User.objects.filter(email=identity.email).select_related("subject").first()
    if known is not None:
        return known
    invited = Invitation.objects.filter(email=identity.email).open(at).select_related("subject").first()
    name = identity.name or identity.email.partition("@")[0]
    if invited is not None:
        return invitation.accept(invited, name=name, password=None, at=at)
    if not may_add:
        raise Refused(f"Nobody here has the address {identity.email}. Ask an administrator to invite you.")
    return person.add(name=name, email=identity.email, role=settings.SIGN_UP_ROLE, by=SYSTEM, at=at)


def _follow_role(user: User, targets: set[str], mapped: set[str], provider: str, at: datetime) -> None:
    roles = _roles(mapped)
    if not roles:
        return
    wanted = max(_roles(targets), key=RANK.__getitem__, default=None)
    present = Role(user.role)
    if wanted is None:
        least = Role(settings.SIGN_UP_ROLE)
        wanted = least if present in roles and RANK[present] > RANK[least] else present
    elif present not in roles and RANK[present] > RANK[wanted]:
        return  # given by hand, and no group speaks of it
    if wanted != present:
        try:
            with transaction.atomic():
                person.set_role(user, wanted, provider=provider, by=SYSTEM, at=at)
        except Refused as refusal:
            logger.warning("The role of person %s stays %s: %s", user.pk, present, refusal.message)


def _roles(targets: set[str]) -> set[Role]:
    return {Role(one.removeprefix(ROLE)) for one in targets if one.startswith(ROLE)}


def _follow_teams(user: User, targets: set[str], mapped: set[str], provider: str, at: datetime) -> None:
    slugs = {one for one in mapped if not one.startswith(ROLE)}
    teams = list(Team.objects.filter(slug__in=slugs).select_related("subject").order_by("pk"))
    if unknown := slugs - {one.slug for one in teams}:
        logger.warning("RISKHUB_OIDC_GROUPS names teams that are not there: %s", ", ".join(sorted(unknown)))
    mine = set(Membership.objects.filter(user=user, team__in=teams).values_list("team_id", flat=True))
    for one in teams:
        if one.slug in targets and one.pk not in mine:
            team.join(one, user, provider=provider, by=SYSTEM, at=at)
        elif one.slug not in targets and one.pk in mine:
            try:
                team.leave(one, user, provider=provider, by=SYSTEM, at=at)
            except Refused as refusal:
                logger.warning("Person %s stays in team %s: %s", user.pk, one.pk, refusal.message)
