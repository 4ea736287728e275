"""The sign-in providers that a person is linked with."""

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db.models import QuerySet

from people.models import User


def links_of(user: User) -> QuerySet[SocialAccount]:
    """Return the links of a person with identities of providers, oldest first."""
    return SocialAccount.objects.filter(user=user).order_by("pk")


def name_of(link: SocialAccount) -> str:
    """Return the name of the provider in the settings, its id if it is no longer there."""
    provider = settings.OIDC_PROVIDERS.get(link.provider)
    return provider.name if provider else str(link.provider)
