"""Edits: a PATCH changes one object, at the version that If-Match names."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from rest.fields import Body, read
from rest.resource import Item


class EditableItem(Item):
    """An item whose PATCH runs `operation(obj, values, by=, at=, seen=)`.

    permission: its entry for PATCH is checked for the object too. body: the fields it reads.
    A subclass that describes its PATCH in the schema overrides patch() with a docstring, and calls edit().
    """

    body: ClassVar[type[Body]]
    operation: ClassVar[Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Declare the body for the schema."""
        super().__init_subclass__(**kwargs)
        if "body" in vars(cls):
            cls.bodies = {**cls.bodies, "PATCH": cls.body}

    def new_values(self, request: Request, obj: Any) -> dict[str, Any]:
        """Return the values that the operation sets, from the body."""
        return read(self.body, request)

    def patch(self, request: Request, key: str) -> Response:
        return self.edit(request, key)

    def edit(self, request: Request, key: str) -> Response:
        """Run the operation on the object of this key, and return its current row."""
        obj = self.found(request, key)
        seen = self.seen(request, obj)
        self.require(request, self.permission["PATCH"], obj)
        values = self.new_values(request, obj)
        type(self).operation(obj, values, by=self.by(request), at=clock.now(), seen=seen)
        return self.answer(request, obj.pk)
