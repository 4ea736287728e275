"""A POST a step: one operation on one object, at the version If-Match names, if it names one."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from rest.resource import Body, Item, read


class Step(Item):
    """permission: that of POST, also asked of the object. body: what it reads; operation: what it runs.

    If-Match is welcome and then binding, not needed. takes_version: whether the operation wants to know it.
    """

    body: ClassVar[type[Body]] = Body
    operation: ClassVar[Any]
    takes_version: ClassVar[bool] = True

    def asked_of(self, found: Any) -> Any:
        """What the permission is asked of."""
        return found

    def words(self, said: dict[str, Any], request: Request) -> dict[str, Any]:
        """What the operation takes of what was said."""
        return said

    def post(self, request: Request, key: str) -> Response:
        found = self.found(request, key)
        self.require(request, self.permission["POST"], self.asked_of(found))
        words = self.words(read(self.body, request), request)
        seen = self.seen(request, found) if request.headers.get("If-Match") else found.version
        if self.takes_version:
            words["seen"] = seen
        type(self).operation(found, **words, by=self.by(request), at=clock.now())
        return self.answer(request, found.pk)
