"""Agenda items by API. An item whose subject the reader may not see is a slot of n minutes."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from history.models import Subject
from history.queries import may_see, seen_by
from kit import clock
from meetings.models import AgendaItem, Meeting
from meetings.operations import item as operations
from meetings.queries.agenda import may_see_item
from meetings.states import ItemOutcome, ItemState, Purpose
from rest.fields import Body, Visible, read
from rest.listing import QueryParameter, number, one_of
from rest.resource import Collection, Item, Resource
from rest.steps import Step


class ItemRow(serializers.Serializer):
    """An agenda item."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    meeting_id = serializers.IntegerField()
    meeting_reference = serializers.CharField(source="meeting.reference")
    is_hidden = serializers.BooleanField(
        default=False, help_text="Whether the item is restricted: you see only its length."
    )
    about_reference = serializers.CharField(source="about.reference", default=None, allow_null=True)
    about_kind = serializers.CharField(source="about.kind", default=None, allow_null=True)
    title = serializers.CharField()
    why = serializers.CharField(help_text="The reason it is on the agenda.")
    purpose = serializers.ChoiceField(Purpose.choices)
    rank = serializers.IntegerField()
    minutes = serializers.IntegerField()
    state = serializers.ChoiceField(ItemState.choices)
    outcome = serializers.ChoiceField([*ItemOutcome.choices, ""])
    notes = serializers.CharField()
    added_by_id = serializers.IntegerField(allow_null=True)
    carried_from_id = serializers.IntegerField(allow_null=True)
    times_carried = serializers.IntegerField()
    current_since = serializers.DateTimeField(allow_null=True)
    spent_seconds = serializers.IntegerField()


class ItemChange(Body):
    """The fields to change, those that are sent."""

    title = serializers.CharField(max_length=300, required=False)
    purpose = serializers.ChoiceField(Purpose.choices, required=False)
    minutes = serializers.IntegerField(min_value=1, max_value=240, required=False)
    notes = serializers.CharField(max_length=50_000, required=False, allow_blank=True)


class NewItem(Body):
    """What puts something on an agenda; a title, or what it is about."""

    meeting = Visible("meeting", Meeting.objects.visible_to, by="subject__reference")
    title = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    about = Visible("object", Subject.objects.visible_to, by="reference", required=False, allow_null=True)
    purpose = serializers.ChoiceField(Purpose.choices, required=False)
    minutes = serializers.IntegerField(min_value=1, max_value=240, required=False)


class Finished(Body):
    outcome = serializers.ChoiceField(ItemOutcome.choices)


class _Items(Resource):
    kind = "agenda_item"
    serializer_class = ItemRow
    columns = {
        "id": "id",
        "version": "version",
        "meeting_id": "meeting_id",
        "meeting_reference": "meeting__subject__reference",
        "about_reference": "about__reference",
        "about_kind": "about__kind",
        "title": "title",
        "why": "why",
        "purpose": "purpose",
        "rank": "rank",
        "minutes": "minutes",
        "state": "state",
        "outcome": "outcome",
        "notes": "notes",
        "added_by_id": "added_by_id",
        "carried_from_id": "carried_from_id",
        "times_carried": "times_carried",
        "current_since": "current_since",
        "spent_seconds": "spent_seconds",
    }

    def rows(self, request: Request) -> QuerySet:
        return AgendaItem.objects.visible_to(request.user)

    def lookup(self, key: str) -> dict[str, Any]:
        """An item has a number and no reference."""
        if key.isascii() and key.isdigit() and len(key) < 19:
            return {"pk": int(key)}
        raise Http404

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(**seen_by("about"))

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        user: Any = request.user
        for row in found:
            row["is_hidden"] = not may_see(user, row, "about")
            if row["is_hidden"]:
                row |= {"title": f"Restricted item, {row['minutes']} min", "why": "", "notes": ""}
                row |= {"about_reference": None, "about_kind": None, "outcome": ""}
        names = list(ItemRow().fields)
        return [{name: row[name] for name in names} for row in found]

    def objects(self, request: Request) -> QuerySet:
        return self.rows(request).select_related("about", "meeting__series", "meeting__subject")

    def found(self, request: Request, key: str) -> AgendaItem:
        """Whose subject the writer may not see is nothing to act on."""
        item: AgendaItem = super().found(request, key)
        if not may_see_item(request.user, item):
            raise Http404
        return item


class Items(_Items, Collection):
    """Agenda items."""

    permission = {"GET": "meetings.meeting_see", "POST": "meetings.item_add"}
    bodies = {"POST": NewItem}
    filters = {
        "meeting": number("meeting_id", "The id of a meeting."),
        "state": one_of("state", ItemState),
        "about": QueryParameter(
            "about__reference", str.upper, "What the item is about: a reference such as Q-12."
        ),
    }
    orders = {"id": ("id",), "rank": ("meeting_id", "rank", "id")}

    def narrowed(self, rows: QuerySet, query: Any) -> QuerySet:
        if query.get("about"):
            rows = rows.filter(about__in=Subject.objects.visible_to(self.request.user))
        return super().narrowed(rows, query)

    def post(self, request: Request) -> Response:
        said = read(NewItem, request)
        meeting = said.pop("meeting")
        self.require(request, "meetings.item_add", meeting)
        made = operations.add(meeting, **said, by=self.by(request), at=clock.now())
        return self.created(request, made.pk, f"agenda-items/{made.pk}")


class OneItem(_Items, Item):
    """An agenda item, by id."""

    permission = {"GET": "meetings.meeting_see", "PATCH": "meetings.item_change"}
    bodies = {"PATCH": ItemChange}

    def patch(self, request: Request, key: str) -> Response:
        item = self.found(request, key)
        seen = self.seen(request, item)
        self.require(request, "meetings.item_change", item)
        said = read(ItemChange, request)
        at, by = clock.now(), self.by(request)
        if "notes" in said:
            operations.note(item, text=said.pop("notes"), by=by, at=at, seen=seen)
            seen = item.version
        if said:
            operations.change(item, said, by=by, at=at, seen=seen)
        return self.answer(request, item.pk)


class _Step(_Items, Step):
    permission = {"POST": "meetings.meeting_run"}
    bodies = {"POST": None}
    answers = {"POST": (200, ItemRow)}


class TakeUp(_Step):
    """Start discussing an item."""

    operation = staticmethod(operations.take_up)


class Finish(_Step):
    """Finish an item. The outcome "deferred" carries it over."""

    body, bodies = Finished, {"POST": Finished}
    operation = staticmethod(operations.finish)


class Defer(_Step):
    """Carry an item over to a later meeting."""

    operation = staticmethod(operations.defer)


class TakeOff(_Step):
    """Remove an item from the agenda."""

    permission = {"POST": "meetings.item_change"}
    operation = staticmethod(operations.take_off)


class PutBack(_Step):
    """Restore a removed item."""

    permission = {"POST": "meetings.item_change"}
    operation = staticmethod(operations.put_back)


RESOURCES: list = [
    ("agenda-items", Items),
    ("agenda-items/<str:key>", OneItem),
    ("agenda-items/<str:key>/take_up", TakeUp),
    ("agenda-items/<str:key>/finish", Finish),
    ("agenda-items/<str:key>/defer", Defer),
    ("agenda-items/<str:key>/take_off", TakeOff),
    ("agenda-items/<str:key>/put_back", PutBack),
]
