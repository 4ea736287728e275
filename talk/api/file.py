"""The API of files."""

from typing import Any

import orjson
from django.db.models import QuerySet
from django.http import Http404, HttpResponseBase
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from history.models import Subject
from kit import clock
from pages import downloads, uploads
from rest.bodies import TooLarge
from rest.fields import Body, Visible
from rest.resource import Collection, Item, Resource
from rest.steps import Step
from talk.file_types import MAX_NAME
from talk.filters import FILES
from talk.models import File
from talk.operations import file as operations
from talk.queries import file as queries
from talk.states import FileState


class FileRow(serializers.Serializer):
    """A file that is attached to an object."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    about_kind = serializers.CharField(source="about.kind")
    about_object_id = serializers.IntegerField(source="about.object_id", help_text="The id of the object.")
    about_reference = serializers.CharField(source="about.reference", allow_null=True)
    about_title = serializers.CharField(source="about.title")
    author_id = serializers.IntegerField()
    author_name = serializers.CharField(source="author.name")
    name = serializers.CharField(max_length=MAX_NAME)
    media_type = serializers.CharField(help_text="By the content of the file.")
    size = serializers.IntegerField(help_text="In bytes.")
    sha256 = serializers.CharField(help_text="Of the content, in hexadecimal digits.")
    state = serializers.ChoiceField(FileState.choices)
    added_at = serializers.DateTimeField()
    removed_at = serializers.DateTimeField(allow_null=True)


class AboutText(Visible):
    """Visible() in a multipart body, where {"kind": "model", "id": 3} is sent as JSON text."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and data.lstrip().startswith("{"):
            try:
                data = orjson.loads(data)
            except orjson.JSONDecodeError:
                self.fail("number")
        return super().to_internal_value(data)


class NewFileBody(Body):
    """The body is multipart/form-data, not JSON."""

    about = AboutText(
        "object",
        Subject.objects.visible_to,
        by="reference",
        help_text='What to attach it to: R-12, or {"kind": "model", "id": 3} as text.',
    )
    file = serializers.FileField(
        allow_empty_file=True,
        max_length=None,
        help_text="The file, with its name. Its type is that of its content.",
    )


class _Files(Resource):
    kind = "file"
    serializer_class = FileRow
    columns = {
        "id": "id",
        "version": "version",
        "about_kind": "about__kind",
        "about_object_id": "about__object_id",
        "about_reference": "about__reference",
        "about_title": "about__title",
        "author_id": "author_id",
        "author_name": "author__name",
        "name": "name",
        "media_type": "media_type",
        "size": "size",
        "sha256": "sha256",
        "state": "state",
        "added_at": "added_at",
        "removed_at": "removed_at",
    }

    def rows(self, request: Request) -> QuerySet:
        return File.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return self.rows(request).select_related("about", "author")


class Files(_Files, Collection):
    """Files of what you may see."""

    permission = {"GET": "talk.file_view", "POST": "talk.file_add"}
    parser_classes = [MultiPartParser]
    bodies = {"POST": NewFileBody}
    spec = FILES

    def post(self, request: Request) -> Response:
        """Attach a file. It is refused if it is too large (413), or not what its name says (422)."""
        values = _read(request)
        file = operations.add(**values, by=self.by(request), at=clock.now())
        return self.created(request, file, f"files/{file.pk}")


def _read(request: Request) -> dict[str, Any]:
    """Return the validated fields of a multipart body. Raises TooLarge and ValidationError."""
    fields = [*request.POST.lists(), *request.FILES.lists()]
    repeated = [name for name, values in fields if len(values) > 1]
    if repeated:
        raise ValidationError({name: ["Send it once."] for name in repeated})
    if uploads.too_large(request._request):
        raise TooLarge(f"The file is larger than {uploads.limit_text()}.")
    sent = {name: values[0] for name, values in fields}
    body = NewFileBody(data=sent, context={"request": request})
    body.is_valid(raise_exception=True)
    return body.validated_data


class FileItem(_Files, Item):
    """A file, by id."""

    permission = {"GET": "talk.file_view"}


class FileContent(_Files, Item):
    """The content of an attached file."""

    permission = {"GET": "talk.file_view"}
    answers = {"GET": (200, None)}

    def get(self, request: Request, key: str) -> HttpResponseBase:  # type: ignore[override]  # bytes, not a row
        """Download the content of a file. 404 while the file is removed."""
        file = self.found(request, key)
        opened = queries.content(file)
        if opened is None:
            raise Http404
        return downloads.download(request._request, opened, **file.download)


class _FileStep(_Files, Step):
    is_versioned = True
    permission = {"POST": "talk.file_remove"}
    answers = {"POST": (200, FileRow)}


class RemoveFile(_FileStep):
    """Remove a file. It can be restored for 30 days; then its content is deleted."""

    operation = staticmethod(operations.remove)


class RestoreFile(_FileStep):
    """Restore a file that you removed; as an administrator, any removed file."""

    permission = {"POST": "talk.file_restore"}
    operation = staticmethod(operations.restore)


RESOURCES: list = [
    ("files", Files),
    ("files/<str:key>", FileItem),
    ("files/<str:key>/content", FileContent),
    ("files/<str:key>/remove", RemoveFile),
    ("files/<str:key>/restore", RestoreFile),
]
