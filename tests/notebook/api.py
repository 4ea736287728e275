"""Notes by API."""

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from rest.resource import Collection, Item, Resource
from tests.notebook.filters import SPEC
from tests.notebook.models import Note
from tests.notebook.states import State


class NoteRow(serializers.Serializer):
    """A note."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    state = serializers.ChoiceField(State.choices)


class _Notes(Resource):
    kind = "note"
    serializer_class = NoteRow
    columns = {
        "id": "id",
        "reference": "subject__reference",
        "version": "version",
        "title": "title",
        "state": "state",
    }

    def rows(self, request: Request) -> QuerySet:
        return Note.objects.visible_to(request.user)


class Notes(_Notes, Collection):
    """Notes, newest first."""

    permission = {"GET": "notebook.note_view"}
    spec = SPEC


class NoteItem(_Notes, Item):
    """A note, by reference or id."""

    permission = {"GET": "notebook.note_view"}


RESOURCES: list = [("notes", Notes), ("notes/<str:key>", NoteItem)]
