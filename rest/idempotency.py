"""A POST that came twice under one Idempotency-Key acts once, and both get the same answer."""

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
    """Wrap a view's `post`: run it under the request's Idempotency-Key, if it has one.

    What the handler *returns* is its answer and is kept, also a 422 about which it stored something, in the
    transaction of its effect. What it *raises* is no answer: the effect is rolled back, nothing is kept, and
    the key is free again.
    """

    @wraps(handler)
    def post(view: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return handler(view, request, *args, **kwargs)
        if not 1 <= len(key) <= 200 or not key.isascii() or not key.isprintable():
            raise ValidationError({"Idempotency-Key": ["Use 1 to 200 printable ASCII characters."]})
        about = {
            "user": request.user,
            "key": key,
            "path": request.get_full_path(),
            "body_hash": hashlib.sha256(request._request.body).digest(),
        }
        with transaction.atomic():
            earlier = receipts[0].replay(**about)
            if earlier is not None:
                return earlier
            answer = handler(view, request, *args, **kwargs)
            if isinstance(answer, Response):
                answer = view.finalize_response(request, answer).render()
            if answer.status_code >= 500:
                transaction.set_rollback(True)
            else:
                receipts[0].keep(**about, answer=answer, at=clock.now())
            return answer

    return post
