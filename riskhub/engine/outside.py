"""External servers, named by DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL.

They are checked before use.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import psycopg

from riskhub.engine import valkey
from riskhub.engine.errors import Trouble

NAMES = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")
OLDEST_POSTGRES = 14
SECONDS = 5
# A part of the error message of the server or the resolver -> the fix.
FIXES = (
    ("password authentication failed", "check the user and the password in it"),
    ("no password supplied", "write the password into it"),
    ("does not exist", "create that database or role on the server, or correct the name"),
    ("Connection refused", "start the server, or correct the host and the port"),
    ("timeout", "check that this machine may reach that host and port"),
    ("resolve", "correct the name of the host"),
    ("not known", "correct the name of the host"),
    ("WRONGPASS", "check the user and the password in it"),
    ("NOAUTH", "write the password into it: redis://:password@host:port/0"),
)


def given(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the URLs in the environment, checked; {} if none is set. Riskhub starts its own servers then.

    Raises Trouble with one line.
    """
    found = {name: environment[name].strip() for name in NAMES if environment.get(name, "").strip()}
    if not found:
        return {}
    for name, other in (("DATABASE_URL", "REDIS_URL"), ("REDIS_URL", "DATABASE_URL")):
        if name not in found:
            named = other if other in found else "DATABASE_OWNER_URL"
            raise Trouble(
                f"{named} is set and {name} is not. Fix: set both DATABASE_URL and REDIS_URL to use"
                " your own servers, or neither to use the embedded ones."
            )
    for name in NAMES[:2]:
        if name in found:
            check_database(name, found[name])
    check_broker("REDIS_URL", found["REDIS_URL"])
    return found


def check_database(name: str, url: str) -> None:
    """Log in and check the version. Raises Trouble."""
    _check_form(name, url, ("postgresql", "postgres"), "postgresql://user:password@host:5432/riskhub")
    try:
        with psycopg.connect(url, connect_timeout=SECONDS) as connection:
            version = connection.info.server_version // 10000
    except psycopg.Error as error:
        raise Trouble(_refused(name, url, str(error))) from None
    if version < OLDEST_POSTGRES:
        raise Trouble(
            f"{name}: {_place(url)} is PostgreSQL {version}; {OLDEST_POSTGRES} or newer is needed."
            " Fix: use a newer server."
        )


def check_broker(name: str, url: str) -> None:
    """Send a PING. Raises Trouble."""
    _check_form(name, url, ("redis", "rediss"), "redis://:password@host:6379/0")
    try:
        valkey.ping(url, seconds=SECONDS)
    except (OSError, ValueError) as error:
        raise Trouble(_refused(name, url, str(error))) from None


def _check_form(name: str, url: str, schemes: tuple[str, ...], example: str) -> None:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in schemes and "://" in url and (parts.port is None or parts.port > 0)
    except ValueError:
        is_good = False
    if not is_good:
        raise Trouble(
            f"{name} is not a URL of the form {example}. Fix: use this form; encode / : @ ? # in a password."
        )


def _refused(name: str, url: str, said: str) -> str:
    sign, fix = next(
        ((sign, fix) for sign, fix in FIXES if sign in said), ("", "correct it, or unset them all")
    )
    # A host with several addresses gives several lines, and a hint may follow.
    line = next((line for line in said.splitlines() if line.strip() and sign in line), "no answer")
    line = line.strip().removeprefix("- ").removeprefix("connection failed: ").rstrip(".")
    return f"{name}: {_place(url)} cannot be used ({_without_password(line, url)}). Fix: {fix}."


def _place(url: str) -> str:
    """Return the host, the port and the database, without the password."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.hostname or 'the local socket'}{port}{parts.path}"


def _without_password(text: str, url: str) -> str:
    password = urlsplit(url).password
    return text.replace(password, "…") if password else text
