"""Sign-in by OpenID Connect: the question to the provider, and its answer, verified.

allauth has the flow. Added here: the signature is always verified, the nonce, the issuer, and that the user
info is of the same person.
"""

import secrets
from typing import Any

import jwt
import requests
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from people.authentication.browser import next_of
from people.operations.provider import Identity

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_LEEWAY = 60  # seconds that two clocks may differ
_NONCE = "nonce"
_LONGEST = {"sub": 191, "email": 254, "name": 1000}  # characters: of the columns; names are cut
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
# What an answer raises that is not as expected, while it is read. Requests raises its own errors for JSON.
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


class ProviderClient(OpenIDConnectOAuth2Adapter):
    """The conversation with one provider. nonce: of the question that is answered, set by the callback."""

    nonce = ""

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        return settings.BASE_URL + reverse("openid_connect_callback", args=[self.provider_id])

    @property
    def openid_config(self) -> dict[str, Any]:
        """Return what the provider says about itself. Raises OAuth2Error, RequestException."""
        try:
            found = super().openid_config
            issuer = str(found.get("issuer", ""))
        except _MALFORMED as error:
            raise OAuth2Error(f"The provider does not describe itself as expected: {error!r}") from error
        if missing := [name for name in _ENDPOINTS if not isinstance(found.get(name), str)]:
            raise OAuth2Error(f"The provider does not name its {', '.join(missing)}.")
        if issuer.rstrip("/") != settings.OIDC_PROVIDERS[self.provider_id].url:
            raise OAuth2Error(f"The provider calls itself {issuer!r}: set RISKHUB_OIDC_URL to its issuer.")
        return found

    def parse_token(self, data: Any) -> Any:
        """Return the token of the provider. Raises OAuth2Error."""
        try:
            return super().parse_token(data)
        except _MALFORMED as error:
            raise OAuth2Error(f"The token of the provider is not valid: {error!r}") from error

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> SocialLogin:
        """Return the sign-in of the person that the provider names. Raises OAuth2Error."""
        try:
            claims = self._verified(app, kwargs["response"].get("id_token") or "")
            if self.openid_config.get("userinfo_endpoint"):
                more = self._fetch_user_info(token.token)
                if more.get("sub") != claims["sub"]:
                    raise OAuth2Error("The user info is of somebody else.")
                claims = {**claims, **more}
            _check_texts(claims)
            login = self.get_provider().sociallogin_from_response(request, claims)
            login.identity = _identity(self.provider_id, claims)
        except (jwt.PyJWTError, *_MALFORMED) as error:
            raise OAuth2Error(f"The answer of the provider is not valid: {error!r}") from error
        login.account.extra_data = {}  # nothing of it is kept
        return login

    def _verified(self, app: Any, id_token: str) -> dict[str, Any]:
        """Return the claims of an ID token. Raises OAuth2Error, and PyJWTError as for a wrong signature."""
        header = jwt.get_unverified_header(id_token)
        if header.get("alg") not in _ALGORITHMS:
            raise OAuth2Error(f"The ID token is signed by {header.get('alg')!r}, which is not accepted.")
        claims = jwt.decode(
            id_token,
            key=self._key(header.get("kid")),
            algorithms=[header["alg"]],
            audience=app.client_id,
            issuer=self.openid_config["issuer"],
            leeway=_LEEWAY,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != app.client_id:
            raise OAuth2Error("The ID token was made for another application.")
        if not self.nonce or not secrets.compare_digest(str(claims.get(_NONCE, "")), self.nonce):
            raise OAuth2Error("The ID token answers another question (nonce).")
        return claims

    def _key(self, name: str | None) -> Any:
        """Return the public key of this name, fetched each time: keys are rotated. Raises OAuth2Error."""
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
        keys = [
            one for one in jwt.PyJWKSet.from_dict(answer.json()).keys if one.public_key_use in (None, "sig")
        ]
        found = [one for one in keys if one.key_id == name] if name else keys
        if len(found) != 1:
            raise OAuth2Error(f"The provider publishes no key {name!r}.")
        return found[0].key


class _Callback(OAuth2CallbackView):
    def _get_state(self, request: HttpRequest, provider: Any) -> tuple[Any, Any]:
        state, answer = super()._get_state(request, provider)
        if state:
            self.adapter.nonce = (state.get("data") or {}).get(_NONCE, "")  # type: ignore[attr-defined]  # a ProviderClient
        return state, answer


def begin(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Lead the browser to the provider. Raises RequestException, OAuth2Error if it does not answer."""
    provider = ProviderClient(request, provider_id).get_provider()
    provider.oauth2_adapter_class = ProviderClient
    nonce = secrets.token_urlsafe(24)
    answer: HttpResponse = provider.redirect(
        request,
        process=AuthProcess.LOGIN,
        next_url=next_of(request) or None,
        data={_NONCE: nonce},
        auth_params={_NONCE: nonce},
    )
    return answer


def finish(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take the answer of the provider, which the browser brings."""
    view = _Callback.adapter_view(ProviderClient(request, provider_id))
    answer: HttpResponse = view(request)
    return answer


def _check_texts(claims: dict[str, Any]) -> None:
    """Raise OAuth2Error for what the database does not store: NUL, and texts that are too long."""
    for name, longest in _LONGEST.items():
        text = str(claims.get(name) or "")
        if "\x00" in text or len(text) > longest:
            raise OAuth2Error(f"The claim {name} has NUL or more than {longest} characters.")


def _identity(provider_id: str, claims: dict[str, Any]) -> Identity:
    provider = settings.OIDC_PROVIDERS[provider_id]
    said = claims.get("email_verified")
    is_verified = provider.is_email_trusted or said is True or said == "true"
    email = str(claims.get("email") or "").strip().lower() if is_verified else ""
    groups = claims.get(provider.groups_claim)
    if isinstance(groups, str):
        groups = [groups]
    return Identity(
        provider=provider_id,
        key=str(claims["sub"]),
        email=email,
        name=str(claims.get("name") or ""),
        groups=frozenset(map(str, groups)) if isinstance(groups, list) else None,
    )


# Faults of the provider. Those of Riskhub are not caught: they are in the log with their traceback.
TROUBLE = (OAuth2Error, requests.RequestException)
