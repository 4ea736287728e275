"""The step between the password, or a provider, and the session."""

from typing import Any

from allauth.mfa.stages import AuthenticateStage
from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from people.queries import factors

_PASSWORD = "password"  # noqa: S105 - a key of the state


class SecondStep(AuthenticateStage):
    """Ask for the second factor of a person who has one.

    Not after a provider, which asked for its own, unless the settings say so.
    """

    def handle(self) -> tuple[Any, bool]:
        """Note with which password the sign-in began, as sessions do: by a digest."""
        answer, goes_on = super().handle()
        if answer is not None:
            self.state[_PASSWORD] = self.login.user.get_session_auth_hash()
        return answer, goes_on

    def is_good(self) -> bool:
        """Return whether the sign-in may still be completed.

        Not after a new password or a deactivation, which end all sessions, nor without a factor to ask for.
        """
        user = self.login.user
        begun_with = self.state.get(_PASSWORD, "")
        is_same = constant_time_compare(begun_with, user.get_session_auth_hash())
        return user.is_active and is_same and factors.has_one(user)

    def _should_handle(self, request: HttpRequest) -> bool:
        from_provider = (self.login.signal_kwargs or {}).get("sociallogin")
        if from_provider and not settings.OIDC_PROVIDERS[from_provider.account.provider].needs_factor:
            return False
        return super()._should_handle(request)
