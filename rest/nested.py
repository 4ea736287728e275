"""Resources below an object: /risks/{key}/acceptances and /risks/{key}/acceptances/{number}."""

from abc import abstractmethod
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from rest import keys
from rest.edits import EditableItem
from rest.resource import Collection, Item, Resource
from rest.steps import Step


class Nested(Resource):
    """The common base of lists and items below a parent: the object whose key is in the address.

    parent_reference: the path of the parent's reference, "" for parents without one.
    """

    parent_reference: ClassVar[str] = "subject__reference"

    @abstractmethod
    def parents(self, request: Request) -> QuerySet:
        """Return the objects that the reader may see, one of which the address names."""

    def parent(self, request: Request) -> Any:
        """Return the object that the address names. Raises Http404."""
        lookup = keys.lookup(self.kwargs["key"], reference=self.parent_reference)
        return get_object_or_404(self.parents(request), **lookup)


class NestedCollection(Nested, Collection):
    """A list of the rows of one parent."""

    def get(self, request: Request, key: str) -> Response:
        return super().get(request)


class NestedItem(Nested, Item):
    """One row of a parent, by its id."""

    def get(self, request: Request, key: str, number: str) -> Response:
        return super().get(request, number)


class NestedEditableItem(NestedItem, EditableItem):
    """One row of a parent, which PATCH changes."""

    def patch(self, request: Request, key: str, number: str) -> Response:
        return self.edit(request, number)


class NestedStep(Nested, Step):
    """A step of one row of a parent."""

    def post(self, request: Request, key: str, number: str) -> Response:
        return self.take(request, number)
