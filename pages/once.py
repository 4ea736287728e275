"""A form that makes something makes it once, however often its button is pressed.

The page draws a random key into the form (`{% once %}`). The first post keeps the address it leads to,
in the transaction of its effect; an equal post of the same form waits for that transaction and is led to the
same address. A form edited and sent again is another post. Edits need none of this: they have `version`.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from kit import clock
from kit.receipts import receipts
from pages.templatetags.once import FIELD


def once(request: HttpRequest, act: Callable[[], str]) -> str:
    """Run `act`, which makes something and returns the address to go to; or return what its twin returned.

    Raises what `act` raises; nothing is kept then, and the corrected form may be sent again.
    """
    key = request.POST.get(FIELD, "")
    if not (key.isascii() and key.isprintable() and key):
        return act()
    body = _digest(request)
    about: dict[str, Any] = {
        "user": request.user,
        "key": f"form:{key[:64]}:{body.hex()[:32]}",
        "path": request.path,
        "body_hash": body,
    }
    with transaction.atomic():
        earlier = receipts[0].replay(**about, wait=True)
        if earlier is not None:
            return earlier.headers["Location"]
        url = act()
        answer = HttpResponse(status=303, headers={"Location": url})
        receipts[0].keep(**about, answer=answer, at=clock.now())
    return url


def _digest(request: HttpRequest) -> bytes:
    """What was filled in, as a hash: equal for the two posts of one press of the button."""
    fields = sorted((name, request.POST.getlist(name)) for name in request.POST)
    files = sorted(
        (name, file.name, file.size) for name in request.FILES for file in request.FILES.getlist(name)
    )
    return hashlib.sha256(repr((fields, files)).encode()).digest()
