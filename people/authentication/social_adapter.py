"""What allauth asks about people who come from a provider: who they are here, and what went wrong."""

import logging
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, _build_apps_from_settings
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthError
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from kit import clock
from kit.refusals import Refused
from people.authentication.browser import onward_from
from people.authentication.provider_requests import ProviderSession
from people.operations import provider as operations

logger = logging.getLogger(__name__)
_AWAY = "The provider gave no answer, or not as expected. Try again soon, or sign in with your password."
_CANCELLED = "The sign-in was cancelled at the provider."
_USED = "This sign-in was completed already, or took too long. Sign in again."
_PAGE = "people/provider_trouble.html"


class ProviderAdapter(DefaultSocialAccountAdapter):
    """Providers come from settings only. People are found, linked or added by people.operations.provider."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """Return the providers of the settings. The table of allauth is not read."""
        found = _build_apps_from_settings(provider=provider, client_id=client_id)
        return [app for apps in found.values() for app in apps]

    def get_requests_session(self) -> ProviderSession:
        return ProviderSession()

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find the person of this sign-in, and let their teams and role follow their groups."""
        identity = sociallogin.identity
        provider = settings.OIDC_PROVIDERS[identity.provider]
        at = clock.now()
        try:
            user = operations.find_or_add(identity, may_add=provider.may_add_people, at=at)
        except Refused as refusal:
            raise ImmediateHttpResponse(trouble(request, refusal.message, 403)) from None
        operations.follow_groups(user, identity.groups, provider.groups, provider=provider.id, at=at)
        user.refresh_from_db()
        sociallogin.user = user

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: Any = None,
    ) -> None:
        """Answer with our page. What exactly went wrong is in the log, for administrators."""
        if error == AuthError.CANCELLED:
            raise ImmediateHttpResponse(trouble(request, _CANCELLED, 403))
        if "state_id" in (extra_context or {}):
            raise ImmediateHttpResponse(_without_question(request))
        logger.warning("Sign-in by %s failed: %s", provider, _brief(exception or error))
        raise ImmediateHttpResponse(trouble(request, _AWAY, 502))


def _without_question(request: HttpRequest) -> HttpResponse:
    """Answer a callback that no sign-in of this browser waits for: opened again, or too late."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(onward_from(request))
    return trouble(request, _USED, 403)


def trouble(request: HttpRequest, text: str, status: int) -> HttpResponse:
    """Return the page that says why the sign-in by a provider failed, and what to do."""
    return render(request, _PAGE, {"text": text}, status=status)


def away(request: HttpRequest, error: Exception) -> HttpResponse:
    """Return the page that says that a provider does not answer."""
    logger.warning("A sign-in provider does not answer: %s", _brief(error))
    return trouble(request, _AWAY, 502)


def _brief(error: object) -> str:
    """Return the kind of an error and the begin of its text, which may be a page, in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
