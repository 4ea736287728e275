"""API resources of agenda items. If the subject is invisible to the reader, only the length is shown."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from history.models import Subject
from history.queries import may_see, seen_by
from kit import clock
from meetings.filters import ITEMS
from meetings.models import AgendaItem, Contest, Meeting
from meetings.operations import backlog, settlement
from meetings.operations import item as operations
from meetings.queries import settlement as settlement_queries
from meetings.queries.agenda import may_see_item
from meetings.states import ItemOutcome, ItemState, Purpose
from rest import keys
from rest.edits import EditableItem
from rest.fields import Body, Visible, read
from rest.resource import Collection, Resource
from rest.steps import Step


class ContestRow(serializers.Serializer):
    """Who wants to discuss a proposal in the meeting, and why."""

    person_id = serializers.IntegerField()
    person_name = serializers.CharField()
    reason = serializers.CharField()
    contested_at = serializers.DateTimeField()


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
    has_actions = serializers.BooleanField(help_text="Whether an action was agreed on it without a decision.")
    parked_by_id = serializers.IntegerField(
        allow_null=True,
        help_text="Who moved it to the backlog. null in the backlog: it does not fit into the meeting.",
    )
    settled_by_id = serializers.IntegerField(
        allow_null=True, help_text="Who agreed to its proposal before the meeting; its state is then settled."
    )
    contested_by = ContestRow(
        many=True, default=(), help_text="Who wants to discuss its proposal in the meeting."
    )


class ItemChange(Body):
    """The fields to change; fields that are not sent stay the same."""

    title = serializers.CharField(max_length=300, required=False)
    purpose = serializers.ChoiceField(Purpose.choices, required=False)
    minutes = serializers.IntegerField(min_value=1, max_value=240, required=False)
    notes = serializers.CharField(max_length=50_000, required=False, allow_blank=True)


class NewItem(Body):
    """A new agenda item, with a title or a subject."""

    meeting = Visible("meeting", Meeting.objects.visible_to, by="subject__reference")
    title = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    about = Visible("object", Subject.objects.visible_to, by="reference", required=False, allow_null=True)
    purpose = serializers.ChoiceField(Purpose.choices, required=False)
    minutes = serializers.IntegerField(min_value=1, max_value=240, required=False)
    is_parked = serializers.BooleanField(required=False, help_text="Add it to the backlog of the meeting.")


class Finished(Body):
    outcome = serializers.ChoiceField(
        [*ItemOutcome.choices, ""],
        required=False,
        help_text="By default, what follows from the decisions and actions that were recorded.",
    )


class Contestation(Body):
    reason = serializers.CharField(max_length=300, help_text="Why the meeting should discuss it.")


class Extension(Body):
    minutes = serializers.IntegerField(min_value=-60, max_value=60, required=False, help_text="2 by default.")


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
        "has_actions": "has_actions",
        "parked_by_id": "parked_by_id",
        "settled_by_id": "settled_by_id",
    }

    def rows(self, request: Request) -> QuerySet:
        return AgendaItem.objects.visible_to(request.user)

    def lookup(self, key: str) -> dict[str, Any]:
        """Return the lookup of an item: it has an id and no reference."""
        return keys.lookup(key, reference="")

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(**seen_by("about"))

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Hide everything but the length of an item whose subject the reader may not see."""
        contests = settlement_queries.contests_of([row["id"] for row in rows])
        for row in rows:
            row["contested_by"] = [contest_values(contest) for contest in contests.get(row["id"], ())]
            row["is_hidden"] = not may_see(request.user, row, "about")
            if row["is_hidden"]:
                row |= {"title": f"Restricted item, {row['minutes']} min", "why": "", "notes": ""}
                row |= {"about_reference": None, "about_kind": None, "added_by_id": None, "outcome": ""}
                row |= {"parked_by_id": None, "has_actions": False}
                row |= {"settled_by_id": None, "contested_by": []}
        names = list(ItemRow().fields)
        return [{name: row[name] for name in names} for row in rows]

    def objects(self, request: Request) -> QuerySet:
        return self.rows(request).select_related("about", "meeting__series", "meeting__subject")

    def found(self, request: Request, key: str) -> AgendaItem:
        """Return the item. Raises Http404 also if the writer may not see its subject."""
        item: AgendaItem = super().found(request, key)
        if not may_see_item(request.user, item):
            raise Http404
        return item


def contest_values(contest: Contest) -> dict[str, Any]:
    return {
        "person_id": contest.user_id,
        "person_name": contest.user.name,
        "reason": contest.reason,
        "contested_at": contest.contested_at,
    }


class Items(_Items, Collection):
    """Agenda items."""

    permission = {"GET": "meetings.meeting_view", "POST": "meetings.item_add"}
    bodies = {"POST": NewItem}
    spec = ITEMS

    def post(self, request: Request) -> Response:
        values = read(NewItem, request)
        meeting = values.pop("meeting")
        self.require(request, "meetings.item_add", meeting)
        item = operations.add(meeting, **values, by=self.by(request), at=clock.now())
        return self.created(request, item.pk, f"agenda-items/{item.pk}")


class OneItem(_Items, EditableItem):
    """An agenda item, by id."""

    permission = {"GET": "meetings.meeting_view", "PATCH": "meetings.item_change"}
    body = ItemChange
    operation = staticmethod(operations.change)


class AgendaItemStep(_Items, Step):
    is_versioned = True
    permission = {"POST": "meetings.meeting_run"}
    answers = {"POST": (200, ItemRow)}


class TakeUp(AgendaItemStep):
    """Discuss an item now. Only who controls the meeting can."""

    operation = staticmethod(operations.take_up)


class Pause(AgendaItemStep):
    """Stop the clock of the current item."""

    operation = staticmethod(operations.pause)


class Resume(AgendaItemStep):
    """Start the clock of the current item again."""

    operation = staticmethod(operations.resume)


class Back(AgendaItemStep):
    """Discuss the item before this one again. The answer is this item."""

    operation = staticmethod(operations.back)


class Extend(AgendaItemStep):
    """Add minutes to an item."""

    body = Extension
    operation = staticmethod(operations.extend)

    def arguments(self, values: dict[str, Any], request: Request) -> dict[str, Any]:
        return {"minutes": values.get("minutes", 2)}


class Finish(AgendaItemStep):
    """Finish an item. If it was the current one, take up the next. The outcome "deferred" carries it over."""

    body = Finished
    operation = staticmethod(operations.finish_and_go_on)


class Defer(AgendaItemStep):
    """Carry an item over to a later meeting."""

    operation = staticmethod(operations.defer)


class Park(AgendaItemStep):
    """Move an item to the backlog of the meeting."""

    permission = {"POST": "meetings.item_change"}
    operation = staticmethod(backlog.park)


class TakeBack(AgendaItemStep):
    """Move an item of the backlog to the agenda."""

    permission = {"POST": "meetings.item_change"}
    operation = staticmethod(backlog.take_back)


class TakeOff(AgendaItemStep):
    """Remove an item from the agenda."""

    permission = {"POST": "meetings.item_change"}
    operation = staticmethod(operations.take_off)


class PutBack(AgendaItemStep):
    """Restore a removed item."""

    permission = {"POST": "meetings.item_change"}
    operation = staticmethod(operations.put_back)


class ContestItem(AgendaItemStep):
    """Contest the proposal of an item, so that the meeting discusses it. Until the meeting starts."""

    permission = {"POST": "meetings.item_contest"}
    body = Contestation
    operation = staticmethod(settlement.contest)
    takes_version = is_versioned = False


class WithdrawContest(AgendaItemStep):
    """Take back one's own contest of the proposal of an item."""

    permission = {"POST": "meetings.item_contest"}
    operation = staticmethod(settlement.withdraw_from)
    takes_version = is_versioned = False


RESOURCES: list = [
    ("agenda-items", Items),
    ("agenda-items/<str:key>", OneItem),
    ("agenda-items/<str:key>/take-up", TakeUp),
    ("agenda-items/<str:key>/pause", Pause),
    ("agenda-items/<str:key>/resume", Resume),
    ("agenda-items/<str:key>/back", Back),
    ("agenda-items/<str:key>/extend", Extend),
    ("agenda-items/<str:key>/finish", Finish),
    ("agenda-items/<str:key>/defer", Defer),
    ("agenda-items/<str:key>/park", Park),
    ("agenda-items/<str:key>/take-back", TakeBack),
    ("agenda-items/<str:key>/take-off", TakeOff),
    ("agenda-items/<str:key>/put-back", PutBack),
    ("agenda-items/<str:key>/contest", ContestItem),
    ("agenda-items/<str:key>/withdraw-contest", WithdrawContest),
]
