"""Steps: a POST runs one operation on one object, at the version that If-Match names."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from rest.fields import Body, read
from rest.resource import Item


class Step(Item):
    """A resource whose POST runs `operation(obj, **values, by=, at=, seen=)`.

    permission: its entry for POST is checked for the object too. body: the fields it reads, None without any.
    is_versioned: the request needs If-Match: 428 without it, 412 if the version is stale. A step that only
    adds a row of the writer (an answer, an attendance) overwrites nothing and needs no version.
    takes_version: whether the operation has the parameter `seen`, the version of If-Match.
    """

    body: ClassVar[type[Body] | None] = None
    operation: ClassVar[Any]
    is_versioned: ClassVar[bool] = False
    takes_version: ClassVar[bool] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Declare the body for the schema."""
        super().__init_subclass__(**kwargs)
        cls.bodies = {**cls.bodies, "POST": cls.body}

    def asked_of(self, obj: Any) -> Any:
        """Return the object that the permission is checked for."""
        return obj

    def acted_on(self, obj: Any) -> Any:
        """Return the object that the operation takes."""
        return obj

    def arguments(self, values: dict[str, Any], request: Request) -> dict[str, Any]:
        """Return the arguments of the operation, from the values of the body."""
        return values

    def post(self, request: Request, key: str) -> Response:
        return self.take(request, key)

    def take(self, request: Request, key: str) -> Response:
        """Run the operation on the object of this key, and return its current row."""
        obj = self.found(request, key)
        self.require(request, self.permission["POST"], self.asked_of(obj))
        sent = request.headers.get("If-Match")
        seen = self.seen(request, obj) if self.is_versioned or sent else obj.version
        arguments = self.arguments(read(self.body or Body, request), request)
        if self.takes_version:
            arguments["seen"] = seen
        type(self).operation(self.acted_on(obj), **arguments, by=self.by(request), at=clock.now())
        return self.answer(request, obj.pk)
