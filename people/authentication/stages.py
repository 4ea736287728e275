"""The step between the password, or a provider, and the session."""

from allauth.mfa.stages import AuthenticateStage
from django.conf import settings
from django.http import HttpRequest


class SecondStep(AuthenticateStage):
    """Ask for the second factor of a person who has one.

    Not after a provider, which asked for its own, unless the settings say so.
    """

    def _should_handle(self, request: HttpRequest) -> bool:
        from_provider = (self.login.signal_kwargs or {}).get("sociallogin")
        if from_provider and not settings.OIDC_PROVIDERS[from_provider.account.provider].needs_factor:
            return False
        return super()._should_handle(request)
