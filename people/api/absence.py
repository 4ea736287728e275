"""The API of absences. Everybody sees who is away; only the person and administrators see the reason."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from people.filters import ABSENCES
from people.models import Absence, User
from people.operations import person as operations
from people.states import Role
from rest.fields import Body, Visible, read
from rest.resource import Collection, Item, Resource


class AbsenceRow(serializers.Serializer):
    """A range of days on which a person is away, the first and the last day included."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    person_id = serializers.IntegerField()
    person_name = serializers.CharField()
    from_on = serializers.DateField()
    until_on = serializers.DateField()
    stand_in_id = serializers.IntegerField(allow_null=True)
    stand_in_name = serializers.CharField(allow_null=True)
    reason = serializers.CharField(
        allow_null=True, help_text="null: only the person and administrators see it."
    )


class NewAbsence(Body):
    person = Visible(
        "person",
        User.objects.visible_to,
        by="email",
        required=False,
        help_text="By id or email. Without it, you. Administrators can name others.",
    )
    from_on = serializers.DateField(help_text="The first day.")
    until_on = serializers.DateField(help_text="The last day.")
    stand_in = Visible(
        "person",
        User.objects.visible_to,
        by="email",
        required=False,
        allow_null=True,
        help_text="Gets new work.",
    )
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)


class _Absences(Resource):
    kind = "absence"
    serializer_class = AbsenceRow
    columns = {
        "id": "id",
        "version": "version",
        "person_id": "user_id",
        "person_name": "user__name",
        "from_on": "from_on",
        "until_on": "until_on",
        "stand_in_id": "stand_in_id",
        "stand_in_name": "stand_in__name",
        "reason": "reason",
    }

    def rows(self, request: Request) -> QuerySet:
        return Absence.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return self.rows(request).select_related("user__subject")

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Remove the reasons of others, except for administrators."""
        reader = request.user
        if isinstance(reader, User) and reader.is_at_least(Role.ADMINISTRATOR):
            return found
        return [row if row["person_id"] == reader.pk else {**row, "reason": None} for row in found]


class Absences(_Absences, Collection):
    """List the absences of all people, past ones too. POST adds one."""

    permission = {"GET": "people.person_view", "POST": "people.absence_change"}
    bodies = {"POST": NewAbsence}
    spec = ABSENCES

    def post(self, request: Request) -> Response:
        """Add an absence of your own; administrators add those of others too."""
        values = read(NewAbsence, request)
        person = values.pop("person", None) or User.objects.select_related("subject").get(pk=request.user.pk)
        self.require(request, "people.absence_change", person)
        absence = operations.be_away(person, **values, by=self.by(request), at=clock.now())
        return self.created(request, absence.pk, f"absences/{absence.pk}")


class AbsenceItem(_Absences, Item):
    """An absence, by id."""

    permission = {"GET": "people.person_view", "DELETE": "people.absence_change"}
    bodies = {"DELETE": None}

    def delete(self, request: Request, key: str) -> Response:
        """Remove an absence: the person is back, or will not be away."""
        absence = self.found(request, key)
        self.require(request, "people.absence_change", absence.user)
        self.seen(request, absence)
        operations.be_back(absence, by=self.by(request), at=clock.now())
        return Response(status=204)


RESOURCES: list = [
    ("absences", Absences),
    ("absences/<str:key>", AbsenceItem),
]
