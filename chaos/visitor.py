"""A simulated user: signs in and writes through the pages, without a browser."""

import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from http.cookiejar import CookieJar
from urllib.parse import urlencode

TIMEOUT = 20


@dataclass(frozen=True)
class Written:
    """One page write: its title, the status of the answer (0: none), and the seconds it took."""

    title: str
    status: int
    seconds: float


class Visitor:
    def __init__(self, address: str) -> None:
        self.address = address
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar()), _Stay()
        )

    def sign_in(self, email: str, password: str) -> None:
        """Sign in. Raises RuntimeError if that fails."""
        status = self._post("/people/sign-in/", {"email": email, "password": password})
        if status not in (302, 303):
            raise RuntimeError(f"Signing in was answered {status}.")

    def write(self, title: str, owner: int) -> Written:
        """Create an action through its page. Only the POST is timed, without the GET of the form."""
        fields = {"title": title, "owner": str(owner), "type": "mitigation", "due_on": "", "effort": ""}
        try:
            token = self._token("/actions/new/")
        except (OSError, HTTPException):
            return Written(title, 0, TIMEOUT)
        began = time.monotonic()
        try:
            status = self._send("/actions/new/", fields | token)
        except (OSError, HTTPException):
            status = 0
        return Written(title, status, time.monotonic() - began)

    def _post(self, path: str, fields: dict[str, str]) -> int:
        return self._send(path, fields | self._token(path))

    def _token(self, path: str) -> dict[str, str]:
        with self._opener.open(self.address + path, timeout=TIMEOUT) as page:
            text = page.read().decode()
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
        return {"csrfmiddlewaretoken": found[1]} if found else {}

    def _send(self, path: str, fields: dict[str, str]) -> int:
        try:
            with self._opener.open(self.address + path, urlencode(fields).encode(), timeout=TIMEOUT) as page:
                return page.status
        except urllib.error.HTTPError as error:
            return error.code


class _Stay(urllib.request.HTTPRedirectHandler):
    """Does not follow redirects, because the answer to the POST itself is needed."""

    def redirect_request(self, *args, **kwargs):
        return None
