"""Answers that are rendered once for all readers to whom they are the same."""

import hashlib
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token

# Names of people, which no version counts, are at most this old in a shared answer.
_KEPT_SECONDS = 60
# In a shared answer a mark stands where each reader gets their own text. Nobody can write it into a text.
_SECRET = secrets.token_hex(16)
# After a change many readers poll at once. One thread renders for those that came meanwhile.
_RENDERING = threading.Lock()
_Stored: TypeAlias = tuple[int, dict[str, str], str]


def shared(
    request: HttpRequest,
    key: Sequence[object],
    render: Callable[[Mapping[str, str]], HttpResponse],
    *,
    own: Mapping[str, str],
    is_current: Callable[[], bool],
) -> HttpResponse:
    """Return the answer of this key, rendered if this process has none.

    key: everything on which the answer depends, with what the reader may see and do in it. render: gets what
    to add to the context of the template. own: HTML of the context that belongs to this reader only; the CSRF
    token always does. is_current: whether the key still holds; an answer during whose rendering something
    changed goes to this reader only.
    """
    name = f"shared-{hashlib.sha256(repr(tuple(key)).encode()).hexdigest()}"
    own = {**own, "csrf_token": get_token(request)}
    stored = cache.get(name)
    if stored is None:
        with _RENDERING:
            stored = cache.get(name) or _rendered(name, render, own, is_current)
    status, headers, content = stored
    for word, text in own.items():
        content = content.replace(_mark(word), text)
    return HttpResponse(content, status=status, headers=headers)


def _rendered(
    name: str,
    render: Callable[[Mapping[str, str]], HttpResponse],
    own: Iterable[str],
    is_current: Callable[[], bool],
) -> _Stored:
    answer = render({word: _mark(word) for word in own})
    stored = (answer.status_code, dict(answer.items()), answer.content.decode())
    if is_current():
        cache.set(name, stored, _KEPT_SECONDS)
    return stored


def _mark(word: str) -> str:
    return f"{word}-{_SECRET}"
