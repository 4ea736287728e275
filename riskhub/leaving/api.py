"""What a person owns by API, and its handover."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from history.models import Subject
from kit import clock
from people.api.person import PersonItem
from people.models import User
from rest.fields import Body, Visible, read
from rest.versions import PreconditionRequired, Stale, named
from riskhub.leaving import operations
from riskhub.leaving.operations import HOLDINGS, Held

_TAG = "holdings"


class HeldRow(serializers.Serializer):
    """What a person owns of one kind."""

    kind = serializers.CharField(source="holding.name")
    title = serializers.CharField(source="holding.label")
    number = serializers.IntegerField()
    hidden = serializers.IntegerField(help_text="How many of them you may not see.")
    objects = serializers.SerializerMethodField()

    def get_objects(self, held: Held) -> list[dict[str, Any]]:
        return [
            {
                "subject_id": subject.pk,
                "kind": subject.kind,
                "object_id": subject.object_id,
                "reference": subject.reference,
                "title": subject.title,
            }
            for subject in held.subjects
        ]


class HeldList(serializers.Serializer):
    """Everything that a person owns, by kind."""

    results = HeldRow(many=True)


def _successors(user: User) -> QuerySet[User]:
    return User.objects.active().visible_to(user)


class OtherSuccessor(Body):
    """Another successor, of one kind or of one object."""

    kind = serializers.ChoiceField([one.name for one in HOLDINGS], required=False)
    about = Visible("object", Subject.objects.visible_to, by="reference", required=False)
    to = Visible("person", _successors, by="email", help_text="By id or email.")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if ("kind" in values) == ("about" in values):
            raise serializers.ValidationError({"kind": "Send either kind or about."})
        return values


class WorkHandOverBody(Body):
    """Who takes over. Everything changes in one transaction, or nothing."""

    to = Visible(
        "person", _successors, by="email", required=False, allow_null=True, help_text="By id or email."
    )
    others = serializers.ListField(child=OtherSuccessor(), max_length=500, required=False)
    deactivates = serializers.BooleanField(
        default=False, help_text="Deactivate the person afterwards. Only for administrators."
    )
    keeps_tokens = serializers.BooleanField(
        default=True,
        help_text="Then move tokens that push signals to service accounts, for which `to` is responsible.",
    )


class Holdings(PersonItem):
    """List what a person owns. POST hands all of it over to one or several successors, in one step."""

    permission = {"GET": "people.hand_over", "POST": "people.hand_over"}
    bodies = {"POST": WorkHandOverBody}
    is_versioned = True
    answers = {"GET": (200, HeldList), "POST": (200, HeldList)}

    def get(self, request: Request, key: str) -> Response:
        person = self.found(request, key)
        self.require(request, self.permission["GET"], person)
        return self._list(request, person)

    def post(self, request: Request, key: str) -> Response:
        person = self.found(request, key)
        self.require(request, self.permission["POST"], person)
        listed = self._listed(request, person)
        values = read(WorkHandOverBody, request)
        if values["deactivates"]:
            self.require(request, "people.administrate", person)
        others = values.get("others", ())
        operations.hand_over(
            person,
            to=values.get("to"),
            of_kind={one["kind"]: one["to"] for one in others if "kind" in one},
            of_subject={one["about"].pk: one["to"] for one in others if "about" in one},
            deactivates=values["deactivates"],
            keeps_tokens=values["keeps_tokens"],
            by=self.by(request),
            at=clock.now(),
            read=listed,
        )
        return self._list(request, person)

    def _listed(self, request: Request, person: User) -> str | None:
        """Return the digest of the list that the writer read, None for any.

        Raises PreconditionRequired, Stale, ValidationError, as Resource.seen() does.
        """
        given = request.headers.get("If-Match")
        if not given:
            raise PreconditionRequired
        sent, now = named(given, _TAG), operations.listed(person)
        if sent == {"*"}:
            return None
        if _tag(person, now) not in sent:
            raise Stale(self._results(request, person), _tag(person, now))
        return now

    def _list(self, request: Request, person: User) -> Response:
        present = User.objects.get(pk=person.pk)
        tag = _tag(present, operations.listed(present))
        return Response(self._results(request, present), headers={"ETag": tag})

    @staticmethod
    def _results(request: Request, person: User) -> dict[str, Any]:
        return {"results": HeldRow(operations.held_by(person, request.user), many=True).data}


def _tag(person: User, listed: str) -> str:
    """Return the ETag of a list of holdings, which covers every object of the list."""
    return f'"{_TAG}-{person.pk}-{listed}"'


RESOURCES: list = [("people/<str:key>/holdings", Holdings)]
