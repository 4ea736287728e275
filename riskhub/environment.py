"""Reads settings from environment variables. A value that does not fit ends each process with one line."""

import difflib
import math
import re
from email.utils import parseaddr
from urllib.parse import urlsplit

import environ

_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_DATABASES = ("postgresql", "postgres", "psql", "pgsql")
_BROKERS = ("redis", "rediss", "unix")
_MAIL = tuple(environ.Env.EMAIL_SCHEMES)
# Further variables that begin with RISKHUB_: of the supervisor, of deploy/, of tests and of Kubernetes.
_OTHERS = re.compile(
    r"RISKHUB_(OIDC_\w+|TEST\w*|(SERVICE|PORT)(_\w+)?|WRITE_ADDRESSES|FILLED_IN|CHILD|SUPERVISED_IN|LOWERED_BY"
    r"|OWNER_PASSWORD|APP_PASSWORD|BIND|ADDRESS|VERSION|TOKEN|SEED|KILLS|MLFLOW|PROMTOOL|PROMETHEUS|ALERTMANAGER)"
)


class Environment(environ.Env):
    """The environment of this process. An empty variable counts as missing."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def text(self, name: str, default: str) -> str:
        self.names.add(name)
        return str(self.ENVIRON.get(name, "")).strip() or default

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a switch. Exits for a word that is neither yes nor no."""
        text = self.text(name, "").lower()
        if text and text not in (*_YES, *_NO):
            raise SystemExit(f"{name}: “{text}” is neither on nor off. Use 1 or 0.")
        return text in _YES if text else default

    def whole(self, name: str, *, default: int, least: int = 0) -> int:
        """Return a whole number. Exits for other text, and for a number below `least`."""
        text = self.text(name, str(default))
        if not re.fullmatch(r"-?[0-9]{1,12}", text) or int(text) < least:
            raise SystemExit(f"{name}: “{text}” does not fit. Use a whole number from {least} on.")
        return int(text)

    def number(self, name: str, *, default: float) -> float:
        """Return a number. Exits for other text, and for a negative number."""
        text = self.text(name, str(default))
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not 0 <= number < math.inf:
            raise SystemExit(f"{name}: “{text}” does not fit. Use a number from 0 on.")
        return number

    def words(self, name: str) -> list[str]:
        """Return the parts of a list with commas."""
        return [part for part in (part.strip() for part in self.text(name, "").split(",")) if part]

    def database_url(self, name: str, default: str) -> str:
        return self._with_scheme(name, default, _DATABASES, "postgresql://user:password@host:5432/name")

    def broker_url(self, name: str, default: str) -> str:
        return self._with_scheme(name, default, _BROKERS, "redis://host:6379/0")

    def mail_url(self, name: str) -> str:
        """Return the address of the mail server, "" without one."""
        url = self._with_scheme(name, "", _MAIL, "smtp://user:password@host:587")
        if url and not urlsplit(url).hostname:
            raise SystemExit(f"{name} names no host. Write it as smtp://user:password@host:587.")
        return url

    def _with_scheme(self, name: str, default: str, schemes: tuple[str, ...], example: str) -> str:
        """Return an address. The message does not repeat it, because it has a password."""
        url = self.text(name, default)
        if url and url.partition(":")[0] not in schemes:
            raise SystemExit(f"{name} cannot be read. Write it as {example}.")
        return url

    def site(self, name: str, default: str) -> str:
        """Return the address that people use, without a slash at its end. Exits unless it is only a host."""
        url = self.text(name, default).rstrip("/")
        parts = urlsplit(url)
        is_host = parts.scheme in ("http", "https") and url == f"{parts.scheme}://{parts.netloc}"
        if not is_host or not parts.hostname:
            fix = "Write it as https://riskhub.example.org, without a path"
            raise SystemExit(f"{name}: “{url}” does not fit. {fix}.")
        return url

    def sender(self, name: str, default: str) -> str:
        """Return the sender of mails. Exits if it has no address."""
        text = self.text(name, default)
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", parseaddr(text)[1]):
            raise SystemExit(f"{name}: “{text}” has no address. Write it as Riskhub <riskhub@example.org>.")
        return text

    def unknown(self) -> dict[str, str]:
        """Return the variables that begin with RISKHUB_ and that nothing reads, each with the likely name."""
        names = [name for name in self.ENVIRON if name.startswith("RISKHUB_")]
        return {
            name: next(iter(difflib.get_close_matches(name, self.names, n=1, cutoff=0.75)), "")
            for name in sorted(names)
            if name not in self.names and not _OTHERS.fullmatch(name)
        }
