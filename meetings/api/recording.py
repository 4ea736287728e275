"""The API of the record bar: a line becomes a decision, an action, a risk or a parked item."""

from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from history.models import Recorded, Subject
from kit import clock
from kit.refusals import Refused
from meetings.api.meeting import _Meetings
from meetings.models import AgendaItem, Decision, Meeting
from meetings.operations import recording as operations
from meetings.queries.agenda import may_see_item
from meetings.record_line import LineKind
from meetings.states import ItemState
from people.models import User
from rest.fields import Body, Visible, read
from rest.resource import Item

_PLACES = {"decision": "decisions", "action": "actions", "risk": "risks"}


def _visible_items(user: User) -> QuerySet[AgendaItem]:
    """Return the items whose meeting and subject the person may see."""
    about = Q(about=None) | Q(about__in=Subject.objects.visible_to(user))
    rows: Any = AgendaItem.objects.visible_to(user).filter(about)
    return rows.select_related("about", "meeting__series", "meeting__subject")


class NewLine(Body):
    """A line as the record bar of a live meeting takes it."""

    kind = serializers.ChoiceField(LineKind.choices)
    line = serializers.CharField(
        max_length=4000,
        help_text="Cap the feature @ana in 2 weeks because it drifts. A decision may have effects: !due fri,"
        " !owner @ana, !agree, !accept until 5 dec, !mitigate, !transfer, !avoid, !reopen, !resolve.",
    )
    item = Visible(
        "agenda item",
        _visible_items,
        by="id",
        required=False,
        help_text="The id of an item of the meeting. Without it, the item that is discussed now.",
    )


class RecordedRow(serializers.Serializer):
    """What the line became. Its address is in Location."""

    kind = serializers.ChoiceField(["decision", "action", "risk", "agenda_item"])
    id = serializers.IntegerField()
    reference = serializers.CharField(allow_null=True, help_text="null for a parked item.")
    is_incomplete = serializers.BooleanField(
        help_text="Whether it is a decision that lacks its reason or its action until the meeting ends."
    )


class LineOfMeeting(_Meetings, Item):
    """Record one line in a live meeting. A 422 names what in the line is not understood, and the fix."""

    permission = {"POST": "meetings.meeting_run"}
    bodies = {"POST": NewLine}
    answers = {"POST": (201, RecordedRow)}

    def post(self, request: Request, key: str) -> Response:
        meeting = self.found(request, key)
        self.require(request, "meetings.meeting_run", meeting)
        values = read(NewLine, request)
        item = values.pop("item", None) or _current_item(meeting, request)
        if item.meeting_id != meeting.pk:
            raise Refused(f"This item is not on the agenda of {meeting.reference}.", field="item")
        made = operations.record(item, **values, by=self.by(request), at=clock.now())
        return _answer(made)


def _current_item(meeting: Meeting, request: Request) -> AgendaItem:
    """Return the item that is discussed now. Raises Refused(field="item") without one that may be seen."""
    rows = AgendaItem.objects.filter(meeting=meeting, state=ItemState.CURRENT)
    item = rows.select_related("about", "meeting__series", "meeting__subject").first()
    if item is None:
        raise Refused(f"No item of {meeting.reference} is discussed now. Name one.", field="item")
    if not may_see_item(request.user, item):
        raise Refused("The item that is discussed now is restricted. Name another one.", field="item")
    return item


def _answer(made: Recorded | AgendaItem) -> Response:
    if isinstance(made, AgendaItem):
        kind, reference, address = "agenda_item", None, f"agenda-items/{made.pk}"
    else:
        kind, reference = made.KIND, made.reference
        address = f"{_PLACES[kind]}/{reference}"
    is_incomplete = isinstance(made, Decision) and made.is_incomplete
    row = {"kind": kind, "id": made.pk, "reference": reference, "is_incomplete": is_incomplete}
    return Response(RecordedRow(row).data, status=201, headers={"Location": f"/api/v1/{address}"})


RESOURCES: list = [("meetings/<str:key>/record", LineOfMeeting)]
