"""API resources of check-ins: list, note, change; make an agenda item, an action or a risk of one."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.models import Model
from history.models import Subject
from history.queries import seen_by, tell
from kit import clock
from meetings.filters import CHECK_INS
from meetings.models import CheckIn
from meetings.operations import check_in as operations
from meetings.operations.investigation import attach
from meetings.queries import check_in as queries
from meetings.states import CheckInKind
from rest.edits import EditableItem
from rest.fields import Body, Visible, read, refuse_fields
from rest.resource import Collection, Item, Resource
from rest.steps import Step


class CheckInRow(serializers.Serializer):
    """A short note about a small trend."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    text = serializers.CharField()
    kind = serializers.ChoiceField(CheckInKind.choices)
    model_id = serializers.IntegerField(allow_null=True)
    link = serializers.CharField()
    author_id = serializers.IntegerField(allow_null=True)
    about_reference = serializers.CharField(
        source="about.reference",
        default=None,
        allow_null=True,
        help_text="The investigation that it is attached to, if you may see that.",
    )
    about_kind = serializers.CharField(source="about.kind", default=None, allow_null=True)
    noted_at = serializers.DateTimeField()


class CheckInChange(Body):
    """The fields to change; fields that are not sent stay the same."""

    text = serializers.CharField(max_length=2000, required=False)
    kind = serializers.ChoiceField(CheckInKind.choices, required=False)
    link = serializers.CharField(max_length=500, required=False, allow_blank=True)


class NewCheckIn(CheckInChange):
    text = serializers.CharField(max_length=2000)
    model = Visible("model", Model.objects.visible_to, required=False, allow_null=True)


class MadeRow(serializers.Serializer):
    """What was made of a check-in. reference: of the meeting, the action, the risk or the experiment."""

    reference = serializers.CharField()


class _CheckIns(Resource):
    kind = "check_in"
    serializer_class = CheckInRow
    columns = {
        **{name: name for name in CheckInRow().fields},
        "about_reference": "about__reference",
        "about_kind": "about__kind",
    }

    def rows(self, request: Request) -> QuerySet:
        return CheckIn.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return queries.check_ins(request.user)

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(**seen_by("about"))

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Remove what a check-in is attached to if the user may not see that."""
        return tell(request.user, rows)


class CheckIns(_CheckIns, Collection):
    """Check-ins. POST notes one."""

    permission = {"GET": "meetings.check_in_view", "POST": "meetings.check_in_note"}
    bodies = {"POST": NewCheckIn}
    spec = CHECK_INS

    def post(self, request: Request) -> Response:
        check_in = operations.note(**read(NewCheckIn, request), by=self.by(request), at=clock.now())
        return self.created(request, check_in.pk, f"check-ins/{check_in.pk}")


class CheckInItem(_CheckIns, EditableItem):
    """A check-in, by id."""

    permission = {"GET": "meetings.check_in_view", "PATCH": "meetings.check_in_change"}
    body = CheckInChange
    operation = staticmethod(operations.change)


class AttachBody(Body):
    about = Visible(
        "object",
        Subject.objects.visible_to,
        by="reference",
        allow_null=True,
        help_text="A risk, breach, review, incident or experiment, such as Q-3; null detaches.",
    )


class AttachCheckIn(_CheckIns, Step):
    """Attach a check-in to an investigation, or detach it."""

    permission = {"POST": "meetings.check_in_note"}
    body = AttachBody
    answers = {"POST": (200, CheckInRow)}
    operation = staticmethod(attach)
    is_versioned = True


class _Make(_CheckIns, Item):
    permission = {"POST": "meetings.check_in_note"}
    bodies = {"POST": None}
    answers = {"POST": (200, MadeRow)}


class PlaceCheckIn(_Make):
    """Put a check-in on the agenda of a suitable meeting."""

    def post(self, request: Request, key: str) -> Response:
        check_in = self.found(request, key)
        refuse_fields(request)
        item = operations.place(check_in, by=self.by(request), at=clock.now())
        return Response({"reference": item.meeting.reference})


class ActOnCheckIn(_Make):
    """Make an action of a check-in, owned by the caller."""

    def post(self, request: Request, key: str) -> Response:
        check_in = self.found(request, key)
        refuse_fields(request)
        action = operations.act_on(check_in, by=self.by(request), at=clock.now())
        return Response({"reference": action.reference})


class RiskOfCheckIn(_Make):
    """Make a risk of a check-in, filled in with a guess."""

    def post(self, request: Request, key: str) -> Response:
        check_in = self.found(request, key)
        refuse_fields(request)
        risk = operations.make_risk(check_in, by=self.by(request), at=clock.now())
        return Response({"reference": risk.reference})


class ExperimentOfCheckIn(_Make):
    """Propose an experiment from a check-in, or name the unfinished one that it has."""

    def post(self, request: Request, key: str) -> Response:
        check_in = self.found(request, key)
        refuse_fields(request)
        made, _ = operations.make_experiment(check_in, by=self.by(request), at=clock.now())
        return Response({"reference": made.reference})


RESOURCES: list = [
    ("check-ins", CheckIns),
    ("check-ins/<str:key>", CheckInItem),
    ("check-ins/<str:key>/attach", AttachCheckIn),
    ("check-ins/<str:key>/place", PlaceCheckIn),
    ("check-ins/<str:key>/action", ActOnCheckIn),
    ("check-ins/<str:key>/risk", RiskOfCheckIn),
    ("check-ins/<str:key>/experiment", ExperimentOfCheckIn),
]
