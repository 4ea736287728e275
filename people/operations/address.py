"""The address of a person in the tables of allauth: one row, which follows User.email."""

from allauth.account.models import EmailAddress

from people.models import User


def follow(user: User) -> None:
    """Let the row of allauth have the person's present address.

    It counts as verified: an administrator, an invitation or the sign-in provider vouched for it.
    Only operations that change User.email call it, in their transaction. Raises IntegrityError for an
    address that another person has.
    """
    EmailAddress.objects.update_or_create(
        user=user, primary=True, defaults={"email": user.email, "verified": True}
    )
