"""The API of events: those of objects that the reader may see.

Anonymous actors are hidden in every column.
"""

from datetime import datetime
from typing import Any, cast

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.utils.dateparse import parse_datetime
from rest_framework import serializers
from rest_framework.request import Request

from history import declarations, hidden_values
from history.models import Event, Subject
from history.queries import present_data
from kit import kinds
from lists import filtering
from lists.specification import ListSpec, Order
from meetings.models import AgendaItem
from people import queries as people
from people.models import User
from rest.resource import Collection, Item, Resource

_ITEM = AgendaItem._meta.label_lower


class ChangeRow(serializers.Serializer):
    """One field of one row, before and after. A reference to an object that you may not see is null."""

    model = serializers.CharField()
    row_id = serializers.IntegerField()
    field = serializers.CharField()
    old = serializers.JSONField()  # anything, null as well
    new = serializers.JSONField()


class EventRow(serializers.Serializer):
    """One event. It never changes."""

    id = serializers.IntegerField()
    verb = serializers.CharField(help_text="Such as risklog.risk_opened.")
    at = serializers.DateTimeField(help_text="When it happened.")
    recorded_at = serializers.DateTimeField(help_text="When it was stored.")
    via = serializers.ChoiceField(Event.Via.choices)
    subject_id = serializers.IntegerField()
    subject_kind = serializers.CharField()
    subject_reference = serializers.CharField(allow_null=True)
    subject_title = serializers.CharField()
    actor_id = serializers.IntegerField(
        allow_null=True,
        help_text="The id of the person or service account; null for Riskhub itself and if anonymous.",
    )
    actor_name = serializers.CharField(allow_null=True)
    is_actor_hidden = serializers.BooleanField()
    cause_id = serializers.IntegerField(allow_null=True, help_text="The event that caused this one.")
    batch = serializers.UUIDField(allow_null=True, help_text="The same for all events of one bulk operation.")
    changes = ChangeRow(many=True)


def _moment(text: str) -> datetime:
    """Parse an ISO moment with its zone. Raises ValueError."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError("Use a moment with its zone, such as 2026-11-23T10:00:00Z.")
    return moment


SPEC = ListSpec(
    filters={
        "verb": filtering.declared_name(
            "Verb",
            "verb",
            declarations.verbs,
            "Use a verb such as risklog.risk_opened. Separate several verbs by commas.",
        ),
        "subject": filtering.key("Subject", "subject_id", "The id of a subject."),
        "reference": filtering.exact("Reference", "subject__reference", str.upper, "Such as R-12."),
        "kind": filtering.declared_name(
            "Kind", "subject__kind", kinds.keys, "Use a kind such as risk or person."
        ),
        "actor": filtering.key("Actor", "shown_person", "The id of a person. Anonymous events do not match."),
        "via": filtering.choice("Via", "via", Event.Via),
        "since": filtering.moment("Since", "at__gte", _moment, "From this moment on."),
        "until": filtering.moment("Until", "at__lt", _moment, "Before this moment."),
    },
    orders={
        "-id": Order("Newest", ("-id",)),
        "id": Order("Oldest", ("id",)),
        "-at": Order("Latest to happen", ("-at", "-id")),
    },
)


class EventList(Resource):
    kind = "event"
    serializer_class = EventRow
    columns = {
        "id": "id",
        "verb": "verb",
        "at": "at",
        "recorded_at": "recorded_at",
        "via": "via",
        "subject_id": "subject_id",
        "subject_kind": "subject__kind",
        "subject_reference": "subject__reference",
        "subject_title": "subject__title",
        "actor_name": "shown_name",
        "is_actor_hidden": "is_actor_hidden",
        "cause_id": "shown_cause",
        "batch": "batch",
    }

    def rows(self, request: Request) -> QuerySet:
        reader = cast(User, request.user)
        causes = Event.objects.visible_to(reader)
        found = Event.objects.visible_to(reader).annotate(
            shown_person=Case(When(is_actor_hidden=False, then=F("actor__object_id"))),
            shown_name=Case(When(is_actor_hidden=False, then=F("actor__title"))),
            shown_cause=Case(When(cause__in=causes.values("pk"), then=F("cause_id"))),
        )
        if hidden := people.hidden_verbs(reader):
            found = found.exclude(Q(verb__in=hidden) & ~Q(subject_id=reader.subject_id))
        return found

    def as_values(self, rows: QuerySet) -> QuerySet:
        further = ("shown_person", "actor", "actor__object_id", "data", "schema_version")
        direct = [name for name, path in self.columns.items() if name == path]
        renamed = {name: F(path) for name, path in self.columns.items() if name not in {path, "cause_id"}}
        return rows.values(*direct, "shown_cause", *further, **renamed)

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Return the events in their current shape, without the values that the reader may not see."""
        for row in found:
            row["cause_id"], row["actor_id"] = row.pop("shown_cause"), row.pop("shown_person")
            event = Event(verb=row["verb"], schema_version=row.pop("schema_version"), data=row.pop("data"))
            row["payload"] = present_data(event)
            row["rows"] = row["payload"].get("rows", [])
        seen, slots = _known(found, cast(User, request.user))
        return [_shown(row, seen, slots) for row in found]


def _known(found: list[dict[str, Any]], reader: User) -> tuple[set[tuple[str, int]], set[int]]:
    """Return (visible objects that these events name, ids of agenda items that are hidden from the reader).

    Costs one query.
    """
    seen, slots = set(), set()
    for pk, kind, object_id in _named(found, reader).union(_slots(found, reader), all=True):
        if kind == _ITEM:
            slots.add(pk)
        else:
            seen |= {("subject", pk), *((one, object_id) for one in kinds.alike(kind))}
    return seen, slots


def _named(found: list[dict[str, Any]], reader: User) -> QuerySet[Any]:
    """Return the objects that these events name and that the reader may see."""
    wanted: dict[str, set[int]] = {}
    for row in found:
        for part in row["rows"]:
            for field, kind in part.get("kinds", {}).items():
                values = part["changes"].get(field, ())
                wanted.setdefault(kind, set()).update(v for v in values if isinstance(v, int))
            for kind, pk in hidden_values.needed(part, row["payload"]):
                wanted.setdefault(kind, set()).add(pk)
    condition = Q(pk__in=())
    for kind, ids in wanted.items():
        condition |= Q(pk__in=ids) if kind == "subject" else Q(kind__in=kinds.alike(kind), object_id__in=ids)
    return Subject.objects.visible_to(reader).filter(condition).values_list("pk", "kind", "object_id")


def _slots(found: list[dict[str, Any]], reader: User) -> QuerySet[Any]:
    """Return the agenda items about objects that the reader may not see.

    The meeting and its events are open to everyone, but the text of such an item is not.
    """
    ids = {part["pk"] for row in found for part in row["rows"] if part["model"] == _ITEM}
    about = Subject.objects.visible_to(reader).filter(pk=OuterRef("about_id"))
    hidden = AgendaItem.objects.filter(pk__in=ids, about__isnull=False).exclude(Exists(about))
    return hidden.values_list("pk", Value(_ITEM), "meeting_id")


def _shown(row: dict[str, Any], seen: set[tuple[str, int]], slots: set[int]) -> dict[str, Any]:
    person, subject = row.pop("actor__object_id"), row.pop("actor")
    hidden = {("person", person), ("subject", subject)} if row["is_actor_hidden"] else set()

    def word(value: Any, kind: str | None) -> Any:
        if kind is None or value is None:
            return value
        return value if (kind, value) in seen and (kind, value) not in hidden else None

    payload = row.pop("payload")
    row["changes"] = [
        {
            "model": part["model"],
            "row_id": part["pk"],
            "field": field,
            "old": None if is_slot else word(old, part.get("kinds", {}).get(field)),
            "new": None if is_slot else word(new, part.get("kinds", {}).get(field)),
        }
        for part in row.pop("rows")
        for is_slot in [part["model"] == _ITEM and part["pk"] in slots]
        for field, (old, new) in hidden_values.readable(part, payload, seen).items()
        if field != "viewers"
    ]
    return row


class Events(EventList, Collection):
    """List events, newest first."""

    permission = {"GET": "people.signed_in"}
    spec = SPEC


class EventItem(EventList, Item):
    """Get an event by id."""

    permission = {"GET": "people.signed_in"}


RESOURCES: list = [("events", Events), ("events/<str:key>", EventItem)]
