"""One request by a role, and the check of its answer for hidden texts."""

import gzip
import re
from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from kit.actor import Actor
from people.models import User
from people.operations import token
from tests.conftest import AT
from tests.house.world import World

# Random values in every answer: CSRF tokens, and the keys of forms.
_RANDOM = re.compile(r'(?:csrfmiddlewaretoken|once)" value="[^"]*"|X-CSRFToken[^,}]*')
_CURRENT = re.compile(r"[?&]next=[^\"&]*")


def client_of(world: World, role: str) -> Client:
    if role in world.tokens:
        return Client(
            raise_request_exception=False, headers={"Authorization": f"Bearer {world.tokens[role]}"}
        )
    client = Client(raise_request_exception=False)
    if role != "anonymous":
        client.force_login(world.people[role])
    return client


def ask(
    client: Client,
    method: str,
    url: str,
    *,
    is_api: bool,
    body: str = "{}",
    data: Any = None,
    version: int | None = None,
) -> HttpResponse:
    """Send one request, by default with an empty body, and roll its effect back.

    version: what a page's form sends as its version; the API gets If-Match: *, unless it is 0.
    """
    cookies = SimpleCookie(client.cookies.output(header="", sep=";"))
    if data is None and version and method == "POST":
        data = {"version": version}
    sent: dict[str, Any] = {"data": data} if data is not None else {}
    if is_api and method != "GET":
        headers = {} if version == 0 else {"If-Match": "*"}
        sent = {"data": body, "content_type": "application/json", "headers": headers}
    with transaction.atomic():
        answer = getattr(client, method.lower())(url, **sent)
        if answer.streaming:  # read it, so that its file is closed
            answer.streaming_content = [b"".join(answer.streaming_content)]
        transaction.set_rollback(True)
    client.cookies = cookies
    return answer


def content(answer: Any) -> bytes:
    if "gzip" in answer.headers.get("Content-Encoding", ""):
        return gzip.decompress(answer.content)
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def text_of(answer: HttpResponse) -> str:
    """Return the body as text. Bytes that are none, as in an image, become question marks."""
    return content(answer).decode(errors="replace")


def whole(answer: HttpResponse) -> str:
    """Return status, headers and body as one text, without the random id of the request."""
    shown = sorted((name, value) for name, value in answer.headers.items() if name != "X-Request-ID")
    headers = "".join(f"{name}: {value}\n" for name, value in shown)
    cookies = answer.cookies.output()
    return f"{answer.status_code}\n{headers}{cookies}\n{text_of(answer)}"


def comparable(answer: HttpResponse, names: Callable[[str], str]) -> str:
    """Return status, headers and body without values that differ in every answer. names: removes ids."""
    kept = {
        name: value
        for name, value in answer.headers.items()
        if name in {"Location", "Content-Type", "Allow", "Link"} or name.startswith(("HX-", "X-"))
        if name != "X-Request-ID"
    }
    text = _RANDOM.sub("", text_of(answer))
    return names(f"{answer.status_code}\n{kept}\n{text}")


def token_of(person: User) -> str:
    return token.issue(person, name="write", scope="write", by=Actor(person, "page"), at=AT)[1]
