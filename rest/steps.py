"""A POST a step: one operation on one object, at the version that If-Match names."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from rest.fields import Body, read
from rest.resource import Item


class Step(Item):
    """permission: that of POST, also asked of the object. body: what it reads; operation: what it runs.

    The operation gets `seen`, the version of If-Match: 428 without one, 412 when it is stale. A step that
    only adds a row of the writer's own (an answer, an attendance) overwrites nothing and needs no version.
    """

    body: ClassVar[type[Body]] = Body
    operation: ClassVar[Any]
    is_versioned: ClassVar[bool] = False
    takes_version: ClassVar[bool] = True

    def asked_of(self, obj: Any) -> Any:
        """Return what the permission is asked of."""
        return obj

    def words(self, values: dict[str, Any], request: Request) -> dict[str, Any]:
        """Return what the operation takes of the body's values."""
        return values

    def post(self, request: Request, key: str) -> Response:
        obj = self.found(request, key)
        self.require(request, self.permission["POST"], self.asked_of(obj))
        sent = request.headers.get("If-Match")
        seen = self.seen(request, obj) if self.is_versioned or sent else obj.version
        words = self.words(read(self.body, request), request)
        if self.takes_version:
            words["seen"] = seen
        type(self).operation(obj, **words, by=self.by(request), at=clock.now())
        return self.answer(request, obj.pk)
