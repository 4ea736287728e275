"""The API of the vocabulary of tags."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from rest.fields import Body, read
from rest.resource import ApiView, Collection
from talk.filters import TAGS
from talk.operations import tag as operations
from talk.queries import tag as queries
from talk.tags import MAX_TAG


class TagRow(serializers.Serializer):
    """A tag of risks and learnings that you may see."""

    id = serializers.IntegerField()
    name = serializers.CharField(max_length=MAX_TAG)
    number = serializers.IntegerField(help_text="Of the objects that have it and that you may see.")
    retired_at = serializers.DateTimeField(allow_null=True)


class NamedTag(serializers.Serializer):
    name = serializers.CharField(max_length=MAX_TAG, help_text="The name of the tag after the step.")


class TagBody(Body):
    tag = serializers.CharField(max_length=MAX_TAG, help_text="The name of the tag.")


class RenameBody(TagBody):
    to = serializers.CharField(max_length=MAX_TAG, help_text="The new name, which no tag has.")


class MergeBody(TagBody):
    into = serializers.CharField(max_length=MAX_TAG, help_text="The name of another tag.")


class Tags(Collection):
    """The tags of what you may see."""

    kind = "tag"
    serializer_class = TagRow
    permission = {"GET": "talk.tag_view"}
    spec = TAGS
    columns = {"id": "id", "name": "name", "number": "number", "retired_at": "retired_at"}

    def rows(self, request: Request) -> QuerySet:
        return queries.tags(request.user)


class _TagStep(ApiView):
    """A step of a tag, which is named in the body, because a tag may have any characters."""

    permission = {"POST": "talk.tag_change"}
    answers = {"POST": (200, NamedTag)}
    body: ClassVar[type[Body]] = TagBody
    operation: ClassVar[Callable[..., str]]

    def post(self, request: Request) -> Response:
        values: dict[str, Any] = read(self.body, request)
        name = type(self).operation(values.pop("tag"), **values, by=self.by(request), at=clock.now())
        return Response({"name": name})


class RenameTag(_TagStep):
    """Rename a tag on every object that has it. Each object records it in its history."""

    body = RenameBody
    bodies = {"POST": RenameBody}
    operation = staticmethod(operations.rename)


class MergeTag(_TagStep):
    """Replace a tag by another one on every object that has it."""

    body = MergeBody
    bodies = {"POST": MergeBody}
    operation = staticmethod(operations.merge)


class RetireTag(_TagStep):
    """Retire a tag: objects keep it, and no further object gets it."""

    bodies = {"POST": TagBody}
    operation = staticmethod(operations.retire)


class RestoreTag(_TagStep):
    """Take back that a tag is retired."""

    bodies = {"POST": TagBody}
    operation = staticmethod(operations.restore)


RESOURCES: list = [
    ("tags", Tags),
    ("tags/rename", RenameTag),
    ("tags/merge", MergeTag),
    ("tags/retire", RetireTag),
    ("tags/restore", RestoreTag),
]
