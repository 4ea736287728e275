"""The address of a person in the tables of allauth: one row, which follows User.email."""

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from kit.refusals import Refused
from people.models import User

LONGEST = 254  # characters


def check(text: str, *, field: str) -> None:
    """Raise Refused unless the text is an email address that fits the column."""
    if len(text) > LONGEST:
        said = f"“{text[:40]}…” is longer than {LONGEST} characters. Enter a shorter address."
        raise Refused(said, field=field)
    try:
        validate_email(text)
    except ValidationError:
        raise Refused(f"“{text}” is no email address. Correct it.", field=field) from None


def follow(user: User) -> None:
    """Let the row of allauth have the person's present address.

    It counts as verified: an administrator, an invitation or the sign-in provider vouched for it.
    Only operations that change User.email call it, in their transaction. Raises IntegrityError for an
    address that another person has.
    """
    EmailAddress.objects.update_or_create(
        user=user, primary=True, defaults={"email": user.email, "verified": True}
    )
