"""A form that creates something creates it once, however often its button is pressed.

The page renders a random key into the form (`{% once %}`). The first POST stores the address that it
redirects to, in the same transaction as its effect. An identical POST of the same form waits for that
transaction and redirects to the same address. So does one that is sent later, after the browser's Back
(static/js/drafts.js). A form that was edited and sent again is another POST. Edits do not need this: they
have `version`.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from kit import clock
from kit.receipts import receipts
from pages.templatetags.once import FIELD

_OF_EACH_COPY = "csrfmiddlewaretoken"


def once(request: HttpRequest, act: Callable[[], str]) -> str:
    """Run `act` and return the address that it returns, or the stored address of the identical POST.

    Raises what `act` raises. Nothing is stored then, and the corrected form may be sent again.
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
    """Return a hash of the form's input. It is equal for the two POSTs of a double press of the button.

    A copy of the form that the browser loaded again (static/js/drafts.js) has another token against forgery.
    """
    fields = sorted((name, request.POST.getlist(name)) for name in request.POST if name != _OF_EACH_COPY)
    files = sorted(
        (name, file.name, file.size) for name in request.FILES for file in request.FILES.getlist(name)
    )
    return hashlib.sha256(repr((fields, files)).encode()).digest()
