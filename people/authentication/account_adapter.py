"""How allauth signs people in here: our limits, our events, our pages, and no mail of its own."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from kit import clock
from kit.actor import Actor
from people import queries
from people.authentication import browser
from people.models import User
from people.operations import sign_in as tries


class AccountAdapter(DefaultAccountAdapter):
    """The settings of allauth that are decisions of ours and not values.

    Each sign-in ends in post_login(): by password, by a link, by a passkey and by OpenID Connect.
    """

    def get_login_stages(self) -> list[str]:
        """Return what may come between the password and the session."""
        return ["people.authentication.stages.SecondStep"]

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False  # the sign-up of allauth is not mounted: people.operations.invitation adds people

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Refuse a person who was deactivated."""
        return None if user.is_active else HttpResponseRedirect(reverse("people:sign_in"), status=303)

    def login(self, request: HttpRequest, user: User) -> None:
        """Begin the session. Its backend is the one that loads a person with their sight.

        A person who was deactivated between password and code is led back.
        """
        if not user.is_active:
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("people:sign_in"), status=303))
        request.is_first_sign_in = _is_first(user)  # type: ignore[attr-defined]  # our own attribute
        user.backend = settings.AUTHENTICATION_BACKENDS[0]  # type: ignore[attr-defined]  # Django reads it
        super().login(request, user)
        request.session.set_expiry(None)  # it was short before (people.authentication.sessions)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Record the sign-in, remember browser and network, and lead on: new people first to the welcome."""
        onward = kwargs.get("redirect_url") or browser.onward_from(request)
        if getattr(request, "is_first_sign_in", False):
            onward = f"{reverse('people:welcome')}?{urlencode({'next': onward})}"
        network = browser.network(request)
        tries.succeed(user, network=network, by=Actor(user, "page"), at=clock.now())
        answer = HttpResponseRedirect(onward, status=303)
        browser.remember(answer, request, user)
        return answer

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return browser.onward_from(request)

    def get_client_ip(self, request: HttpRequest) -> str:
        return browser.address(request)

    def is_safe_url(self, url: str) -> bool:
        """Return whether a redirect may lead there. Views pass addresses that browser.next_of() checked."""
        return bool(url) and url.startswith("/") and not url.startswith(("//", "/\\"))

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing: our pages have texts of their own."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send nothing: mails go through the outbox (notices), with its retries and limits."""


def _is_first(user: User) -> bool:
    """Return whether a person of a real register signs in for the first time. A sample has no new people."""
    organisation = queries.organisation()
    return user.last_login is None and organisation is not None and not organisation.is_sample
