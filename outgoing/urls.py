"""Which URLs a request may have. Pure: names are resolved when the request connects (outgoing.connection)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from outgoing.networks import Network, is_named, why_refused

LONGEST = 2000
_PORTS = {"https": 443, "http": 80}
# One form of each URL: what some parsers read differently from others is refused.
_PLAIN = re.compile(r"(?i)https?://[!#-;=?-\[\]_a-z~]+\Z")
_HOST = re.compile(r"(?i)[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?\Z")


class RefusedUrl(Exception):
    """A URL or an address that no request may have. Its text is the reason with the fix, as a sentence."""


@dataclass(frozen=True, slots=True)
class Target:
    """A checked URL. host: a name or an address, without brackets. path: with the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def is_secure(self) -> bool:
        return self.scheme == "https"


def checked(url: str, allowed: Iterable[Network]) -> Target:
    """Return the parts of a URL. Raises RefusedUrl, also for an address that may not be reached.

    A name is not resolved. With http, the address it resolves to must be in `allowed`.
    """
    if len(url) > LONGEST:
        raise RefusedUrl(f"The address is too long. Use at most {LONGEST} characters.")
    if not re.match(r"(?i)https?://", url):
        raise RefusedUrl("Use an address that begins with https://.")
    if not _PLAIN.match(url):
        raise RefusedUrl(
            "The address has a character that does not belong there. "
            "Write spaces and letters with accents in their %-form, and host names in ASCII (xn--…)."
        )
    try:
        parts = parse_url(url)
    except LocationParseError:
        raise RefusedUrl("The address cannot be read. Check its host and its port.") from None
    if parts.auth is not None or "@" in (parts.netloc or ""):
        raise RefusedUrl("Leave out the user name and the password: they would be stored in plain text.")
    if parts.fragment is not None:
        raise RefusedUrl("Leave out the part after #: it is not sent.")
    scheme, host = parts.scheme or "", (parts.host or "").strip("[]")
    if parts.port == 0:
        raise RefusedUrl("Use a port from 1 to 65535.")
    _check_host(host, scheme, tuple(allowed))
    return Target(scheme, host, parts.port or _PORTS[scheme], parts.request_uri)


def _check_host(host: str, scheme: str, allowed: tuple[Network, ...]) -> None:
    try:
        address = ip_address(host)
    except ValueError:
        if not _HOST.match(host) or len(host) > 253:
            raise RefusedUrl("The address has no valid host name.") from None
        return
    if why := why_refused(host, allowed):
        raise RefusedUrl(not_reached(why))
    if scheme == "http" and not is_named(address, allowed):
        raise RefusedUrl(NOT_SECURE)


NOT_SECURE = (
    "Use https. Plain http is only for the private networks that RISKHUB_OUTGOING_ALLOW names: "
    "it is not encrypted."
)


def not_reached(why: str) -> str:
    """Return the error for an address that no request may reach. why: as why_refused() gives it."""
    return (
        f"Riskhub sends no request there: {why}. An administrator can allow it with RISKHUB_OUTGOING_ALLOW."
    )
