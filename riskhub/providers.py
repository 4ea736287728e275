"""The sign-in providers of the settings: OpenID Connect, from environment variables alone.

RISKHUB_OIDC_URL            the address of the provider (its issuer)
RISKHUB_OIDC_CLIENT_ID      as the provider knows Riskhub
RISKHUB_OIDC_CLIENT_SECRET
RISKHUB_OIDC_NAME           what its button says (default: the host)
RISKHUB_OIDC_GROUPS_CLAIM   the claim with the groups of a person (default groups)
RISKHUB_OIDC_GROUPS         group=team-slug or group=role:administrator, separated by commas
RISKHUB_OIDC_SIGN_UP        true: people who are not here yet are added
RISKHUB_OIDC_TRUST_EMAIL    true: addresses count as verified, for providers that do not say so
RISKHUB_OIDC_SECOND_FACTOR  true: ask for the second factor of Riskhub after that of the provider

A second provider has RISKHUB_OIDC_2_URL and so on, a third one RISKHUB_OIDC_3_URL.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from riskhub.environment import Environment

_ROLES = ("viewer", "member", "risk_manager", "administrator")
_MOST = 5
_ROLE = "role:"


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider. id: in addresses and stored links. groups: group -> a team's slug, or "role:…"."""

    id: str
    name: str
    url: str
    client_id: str
    secret: str
    groups_claim: str
    groups: dict[str, str]
    may_add_people: bool
    is_email_trusted: bool
    needs_factor: bool

    @property
    def discovery_url(self) -> str:
        """Return the address at which the provider describes itself."""
        return f"{self.url}/.well-known/openid-configuration"


def from_environment(env: Environment) -> dict[str, Provider]:
    """Return the providers by id. Raises ValueError for a setting that cannot be used."""
    found = {}
    for number in range(1, _MOST + 1):
        prefix = "RISKHUB_OIDC_" if number == 1 else f"RISKHUB_OIDC_{number}_"
        if env.str(f"{prefix}URL", default=""):
            provider = _provider("oidc" if number == 1 else f"oidc{number}", prefix, env)
            found[provider.id] = provider
    return found


def as_allauth_apps(providers: dict[str, Provider]) -> dict[str, Any]:
    """Return the setting SOCIALACCOUNT_PROVIDERS."""
    apps = [
        {
            "provider_id": one.id,
            "name": one.name,
            "client_id": one.client_id,
            "secret": one.secret,
            "settings": {"server_url": one.url, "oauth_pkce_enabled": True},
        }
        for one in providers.values()
    ]
    return {"openid_connect": {"APPS": apps}}


def _provider(key: str, prefix: str, env: Environment) -> Provider:
    url = env.str(f"{prefix}URL").rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError(f"{prefix}URL: {url} is no address. Use that of the provider, such as https://…")
    client_id = env.str(f"{prefix}CLIENT_ID", default="")
    if not client_id:
        raise ValueError(f"{prefix}CLIENT_ID is missing. Register Riskhub with the provider.")
    return Provider(
        id=key,
        name=env.str(f"{prefix}NAME", default=parts.hostname),
        url=url,
        client_id=client_id,
        secret=env.str(f"{prefix}CLIENT_SECRET", default=""),
        groups_claim=env.str(f"{prefix}GROUPS_CLAIM", default="groups"),
        groups=_groups(f"{prefix}GROUPS", env),
        may_add_people=env.flag(f"{prefix}SIGN_UP", default=False),
        is_email_trusted=env.flag(f"{prefix}TRUST_EMAIL", default=False),
        needs_factor=env.flag(f"{prefix}SECOND_FACTOR", default=False),
    )


def _groups(name: str, env: Environment) -> dict[str, str]:
    found = {}
    for pair in env.list(name, default=[]):
        group, is_pair, target = pair.rpartition("=")
        if not is_pair or not group.strip() or not target.strip():
            raise ValueError(f"{name}: “{pair}” is no pair. Use group=team-slug or group=role:administrator.")
        role = target.strip().removeprefix(_ROLE)
        if target.strip().startswith(_ROLE) and role not in _ROLES:
            raise ValueError(f"{name}: {role} is no role. Use one of {', '.join(_ROLES)}.")
        found[group.strip()] = target.strip()
    return found
