"""A person resets a forgotten password by a link in a mail."""

from datetime import datetime

from django.db import transaction

from history import operations as history
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from people import events
from people.models import User
from people.operations import person
from people.operations import sign_in as tries
from people.operations import token as tokens
from people.queries import links

# Mails in any 15 minutes: to one account, and asked for from one network.
OF_ACCOUNT, OF_NETWORK = 3, 20
_TOO_MANY = (
    "Too many links were asked for. Wait 15 minutes and look for an earlier mail, "
    "or ask an administrator for a sign-in link."
)


@transaction.atomic
def ask(email: str, *, network: str, at: datetime) -> None:
    """Ask for a mail with a link. Nothing says whether there is such a person.

    Raises TooManyTries, for known and unknown addresses alike.
    """
    email = email.strip().lower()
    budgets = {tries.key_of("reset", email): OF_ACCOUNT, tries.key_of("reset_from", network): OF_NETWORK}
    tries.count_act(budgets, message=_TOO_MANY, at=at)
    user = User.objects.active().filter(email=email).select_related("subject").first()
    if user is not None:
        history.record(user, "people.password_reset_requested", by=SYSTEM, at=at)


@transaction.atomic
def complete(user: User, token: str, password: str, *, at: datetime) -> User:
    """Set a new password with the token of a mail, once. All sessions of the person end.

    Their API tokens are revoked too: others may have known the password, and so the tokens created with it.
    Raises Refused for a token that was used or is too old, and for a weak password.
    """
    locked = person.lock(user, None)
    if not links.is_reset_good(locked, token):
        raise Refused("This link was used already or is older than two hours. Ask for a new one.")
    by = Actor(user, "page")
    person.set_password(user, password, verb=events.PasswordReset.verb, by=by, at=at)
    tokens.revoke_all(user, by=by, at=at)
    return user
