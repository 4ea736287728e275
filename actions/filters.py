"""The list specification of actions: filters and orders of the page and the API."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from django.db.models import Q

from actions.states import UNFINISHED, ActionState, Type
from history.models import Subject
from kit import references
from lists import filtering
from lists.specification import Filter, ListSpec, Order, Reader
from people import queries as people

_UNFINISHED = Q(state__in=UNFINISHED)
# The tabs of the page: value -> (label, condition).
VIEWS: dict[str, tuple[str, Callable[[Reader], Q]]] = {
    "mine": ("Mine", lambda reader: _UNFINISHED & Q(owner_id=reader.user.pk)),
    "open": ("All open", lambda reader: _UNFINISHED),
    "late": ("Overdue", lambda reader: _UNFINISHED & Q(due_on__lt=reader.today)),
    "done": ("Done", lambda reader: ~_UNFINISHED),
}
_DUE: dict[str, tuple[str, Callable[[Reader], Q]]] = {
    "week": (
        "Due within a week",
        lambda reader: _UNFINISHED & Q(due_on__range=(reader.today, reader.today + timedelta(days=7))),
    ),
    "late": ("Overdue", lambda reader: _UNFINISHED & Q(due_on__lt=reader.today)),
    "none": ("No due date", lambda reader: Q(due_on__isnull=True)),
}


def _text(values: Sequence[str], reader: Reader) -> Q:
    """Match a part of the title, or the reference if the text is one."""
    text = values[0].strip()
    if references.is_reference(text):
        return Q(subject__reference=text.upper())
    return Q(title__collated__contains=text)


SPEC = ListSpec(
    filters={
        "show": filtering.named("View", VIEWS, "What is mine, open, late or done."),
        "q": Filter("Text", _text, is_many=False, help="A part of the title, or a reference."),
        "state": filtering.choice("State", "state", ActionState),
        "type": filtering.choice("Type", "type", Type),
        "owner": filtering.person("Owner", "owner", people.options),
        "due": filtering.named("Due", _DUE),
        "about": filtering.subject(
            "About", "about", Subject.objects.visible_to, "The reference of what it is for, such as R-12."
        ),
    },
    orders={
        "due_on": Order("Due first", ("due_order", "id")),
        "-due_on": Order("Due last", ("-due_order", "-id")),
        "title": Order("Title, A to Z", ("title__collated", "title", "id")),
        "-title": Order("Title, Z to A", ("-title__collated", "-title", "-id")),
        "-made_at": Order("Newest", ("-made_at", "-id")),
        "made_at": Order("Oldest", ("made_at", "id")),
        "id": Order("Reference", ("id",)),
        "-id": Order("Reference, last first", ("-id",)),
    },
)

# The board shows all columns at once, so it is narrowed to the reader's own actions or not at all.
BOARD = ListSpec(
    filters={"show": filtering.named("View", {"mine": VIEWS["mine"]})},
    orders={"due_on": SPEC.orders["due_on"]},
)
