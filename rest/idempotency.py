"""Idempotent POSTs: two requests with one Idempotency-Key act once, and both get the same answer."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import transaction
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from kit import clock
from kit.receipts import receipts


def once_per_key(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a view's `post` so that it runs once for each Idempotency-Key. Without the header it always runs.

    An answer that the handler returns is stored in the transaction of its writes, also a 422 after which it
    stored something. If the handler raises, the transaction is rolled back, no answer is stored, and the key
    can be used again.
    """

    @wraps(handler)
    def post(view: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return handler(view, request, *args, **kwargs)
        if not 1 <= len(key) <= 200 or not key.isascii() or not key.isprintable():
            raise ValidationError({"Idempotency-Key": ["Use 1 to 200 printable ASCII characters."]})
        request_of_key = {
            "user": request.user,
            "key": key,
            "path": request.get_full_path(),
            "body_hash": _body_hash(request),
        }
        with transaction.atomic():
            earlier = receipts[0].replay(**request_of_key)
            if earlier is not None:
                return earlier
            answer = handler(view, request, *args, **kwargs)
            if isinstance(answer, Response):
                answer = view.finalize_response(request, answer).render()
            if answer.status_code >= 500:
                transaction.set_rollback(True)
            else:
                receipts[0].keep(**request_of_key, answer=answer, at=clock.now())
            return answer

    return post


def _body_hash(request: Any) -> bytes:
    """Return a hash of the body; for a form with files, of its fields and the contents of its files.

    The body of a form may be too large for the memory, and its boundary differs each time.
    """
    if not (request.content_type or "").startswith("multipart/"):
        return hashlib.sha256(request._request.body).digest()
    digest = hashlib.sha256(repr(sorted(request.POST.lists())).encode())
    for name, file in sorted(request.FILES.items()):
        digest.update(repr((name, file.name, file.size)).encode())
        for chunk in file.chunks():
            digest.update(chunk)
        file.seek(0)
    return digest.digest()
