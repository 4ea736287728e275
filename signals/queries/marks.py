"""The events that are marked on charts. Upper rooms read them; riskhub/panels.py lists the readers."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from textwrap import shorten
from typing import Any

from django.db.models import F, IntegerField, QuerySet, Value
from django.db.models.functions import JSONObject
from django.urls import reverse

from history.models import RecordedQuerySet
from kit.rights import may
from kit.texts import one_line
from people.models import User

MAX_MARKS = 40
_LENGTH = 60  # of the text in a label

Facts = Mapping[str, Any]


def _nothing(facts: Facts) -> str:
    return ""


def _never(facts: Facts) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class MarkReader:
    """How charts mark one kind of event. The rows of all readers are read with one statement.

    permission: checked with (user, None).
    page: the name of the URL of an object, which takes its reference.
    rows(models): objects with a `subject` that are about these models, annotated with `marked_model`, the id
    of the model whose charts mark them. `marks_of` leaves out those that the reader may not see and those
    outside the period.
    moment: the name of the field, or the expression, of the moment that is marked.
    text: the name of the field of the text in the label.
    facts: name -> field, what `verb` and `is_critical` need; they are read as JSON.
    verb(facts): what happened, after the reference in the label. Without it, the mark is the object itself.
    """

    permission: str
    page: str
    rows: Callable[[Collection[int]], RecordedQuerySet[Any]]
    moment: Any
    text: str
    facts: Mapping[str, str] = field(default_factory=dict)
    verb: Callable[[Facts], str] = _nothing
    is_critical: Callable[[Facts], bool] = _never


_readers: list[MarkReader] = []


def install(readers: Iterable[MarkReader]) -> None:
    _readers[:] = readers


def marks_of(user: User, models: Collection[int], start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Return the marks of models in [start, end) that the reader may see, oldest first. One query.

    At most MAX_MARKS, the latest of all kinds. Each mark is {"at": ISO text, "label", "link",
    "kind": "note" or "critical", "model": id, "subject": id}.
    """
    selects = [
        _select(number, reader, user, reader.rows(models)).filter(moment__gte=start, moment__lt=end)
        for number, reader in enumerate(_readers)
        if may(user, reader.permission)
    ]
    if not selects:
        return []
    rows = selects[0].union(*selects[1:], all=True).order_by("-moment", "-of_subject", "-reader")
    return [_mark(row) for row in reversed(rows[:MAX_MARKS])]


def _select(number: int, reader: MarkReader, user: User, rows: RecordedQuerySet[Any]) -> QuerySet[Any, Any]:
    """Return the columns that the rows of all readers have, in the same order. number: of the reader."""
    return (
        rows.visible_to(user)
        .order_by()
        .values(
            reader=Value(number, IntegerField()),
            moment=F(reader.moment) if isinstance(reader.moment, str) else reader.moment,
            of_subject=F("subject_id"),
            of_model=F("marked_model"),
            reference=F("subject__reference"),
            facts=JSONObject(text=reader.text, **reader.facts),
        )
    )


def _mark(row: Mapping[str, Any]) -> dict[str, Any]:
    reader, facts = _readers[row["reader"]], row["facts"]
    head = f"{row['reference']} {reader.verb(facts)}".rstrip()
    return {
        "at": row["moment"].isoformat(),
        "label": f"{head}: {shorten(one_line(facts['text']), _LENGTH, placeholder='…')}",
        "link": reverse(reader.page, args=[row["reference"]]),
        "kind": "critical" if reader.is_critical(facts) else "note",
        "model": row["of_model"],
        "subject": row["of_subject"],
    }
