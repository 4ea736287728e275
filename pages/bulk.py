"""The pages of a bulk change: select, say what changes, preview, apply, undo. Each step is one POST."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.http import urlencode

from kit import clock
from kit.refusals import Refused
from lists import bulk
from lists.bulk import BulkResult, PlannedChange, counted
from lists.specification import BadQuery, ListSpec, Reader, Selection
from pages.answers import back_to, go, respond, toast
from pages.forms import PageForm
from pages.listing import reader_of
from pages.requests import actor
from pages.templatetags.ui import short_day

Shown = Callable[[str, Any], str]


@dataclass(frozen=True, slots=True)
class BulkPages:
    """What the pages of one noun need.

    noun: in the singular. spec, live: the list and the rows that its page filters. urls: the names of the
    addresses of the list, of the change and of the undo. visible: a function from a user to the rows that may
    be selected. form: from (data, user=) to a form with change(). load, plan, apply, undo: the operations.
    undo_text: from the result of an undo to what it left, as the end of a message. labels: field -> label.
    seen_by_owner: from a row to the subject that its owner may see, None without one.
    shown: makes a function from a field and a value to its text, called once a page.
    """

    noun: str
    spec: ListSpec
    live: Callable[[Selection, Reader], QuerySet]
    urls: tuple[str, str, str]
    visible: Callable[[Any], QuerySet]
    form: Callable[..., Any]
    load: Callable[[QuerySet], list[Any]]
    plan: Callable[..., list[PlannedChange]]
    apply: Callable[..., BulkResult]
    undo: Callable[..., Any]
    undo_text: Callable[[Any], str]
    labels: Mapping[str, str]
    shown: Callable[[], Shown]
    seen_by_owner: Callable[[Any], Any]

    @property
    def list_url(self) -> str:
        return reverse(self.urls[0])

    @property
    def undo_url(self) -> str:
        return reverse(self.urls[2])


def change(request: HttpRequest, pages: BulkPages) -> HttpResponse:
    """Show the form for the selected rows, then the preview, then apply what can be applied.

    sel: ids of rows; or all=1 with query: all that match the list. step: "", "preview" or "apply".
    """
    query = request.POST.get("query", "")
    back = f"{pages.list_url}?{query}".rstrip("?")
    try:
        rows = pages.load(_selected(request, pages, query))
    except Refused as refusal:
        return toast(request, go(request, back), refusal.message)
    if not rows:
        return toast(request, go(request, back), f"Select at least one {pages.noun}.")
    step = request.POST.get("step", "")
    form: PageForm = pages.form(request.POST if step else None, user=request.user)
    context: dict[str, Any] = {"pages": pages, "form": form, "rows": rows, "lines": []}
    context |= {"query": query, "back": back}
    status = 200
    if step and form.is_valid():
        asked = form.change()  # type: ignore[attr-defined]  # the forms of bulk changes have it
        try:
            if step == "apply":
                return _apply(request, pages, asked, [row.pk for row in rows], back)
            planned = pages.plan(rows, asked, by=actor(request), at=clock.now())
            context |= _preview(pages, planned)
        except Refused as refusal:
            status = form.refuse(refusal)
    elif step:
        status = 422
    return respond(request, "pages/bulk_change.html", None, context, status=status)


def _selected(request: HttpRequest, pages: BulkPages, query: str) -> QuerySet:
    """Return the selected rows that the reader may see. Raises Refused for too many."""
    if request.POST.get("all"):
        try:
            texts = {name: texts for name, texts in QueryDict(query).lists() if any(texts)}
            selection = pages.spec.read(texts)
        except BadQuery as error:
            problems = (f"{name}: {message}" for name, message in error.errors.items())
            raise BadRequest(" ".join(problems)) from None
        reader = reader_of(request)
        return pages.spec.apply(pages.live(selection, reader), selection, reader)
    ids = [int(text) for text in request.POST.getlist("sel") if text.isascii() and text.isdigit()]
    if len(ids) > bulk.MAX_ROWS:
        raise bulk.too_many(pages.noun)
    return pages.visible(request.user).filter(pk__in=[pk for pk in ids if pk < 2**63])


def _apply(request: HttpRequest, pages: BulkPages, asked: Any, ids: list[int], back: str) -> HttpResponse:
    """Apply the change at the versions that the preview showed, and offer its undo.

    Lead back to the list, or show which rows were refused and why.
    """
    at = clock.now()
    result = pages.apply(
        pages.visible(request.user).filter(pk__in=ids),
        asked,
        by=actor(request),
        at=at,
        seen=_versions(request.POST.getlist("seen")),
    )
    message = f"{counted(result.count('changed'), pages.noun)} changed"
    undo = ""
    if result.batch:
        undo = f"{pages.undo_url}?{urlencode({'batch': str(result.batch), 'at': at.isoformat()})}"
    if refused := [row for row in result.rows if row.refusal]:
        message += f", {len(refused)} refused"
        lines = _lines(pages, refused)
        context = {"pages": pages, "message": message, "lines": lines, "undo": undo, "back": back}
        return respond(request, "pages/bulk_result.html", None, context)
    return toast(request, go(request, back), message, undo=undo)


def _versions(texts: list[str]) -> dict[int, int]:
    """Return id -> version, from texts such as "17:3"."""
    pairs = [text.split(":") for text in texts]
    return {
        int(pair[0]): int(pair[1])
        for pair in pairs
        if len(pair) == 2 and all(part.isascii() and part.isdigit() for part in pair)
    }


def _preview(pages: BulkPages, rows: list[PlannedChange]) -> dict[str, Any]:
    """Return the lines of the preview, and the number of rows of each outcome."""
    result = BulkResult(rows)
    numbers = {name: result.count(name) for name in ("changed", "unchanged", "refused")}
    return {**numbers, "lines": _lines(pages, rows)}


def _lines(pages: BulkPages, rows: Sequence[PlannedChange]) -> list[dict[str, Any]]:
    """Return the lines of the preview: the row, its outcome, and (label, current, new) of each change.

    warning: that the new owner will see something restricted, "" without that.
    """
    shown = pages.shown()
    return [
        {
            "obj": row.obj,
            "outcome": row.outcome,
            "refusal": row.refusal,
            "changes": [
                (pages.labels[name], *(_text(shown, name, value) for value in (old, new)))
                for name, (old, new) in row.changes.items()
            ],
            "warning": _warning(pages, row),
        }
        for row in rows
    ]


def _text(shown: Shown, name: str, value: Any) -> str:
    return short_day(value, clock.today().year) if isinstance(value, date) else shown(name, value)


def _warning(pages: BulkPages, row: PlannedChange) -> str:
    _, owner = row.changes.get("owner", (None, None))
    subject = pages.seen_by_owner(row.obj) if owner else None
    if row.refusal or subject is None or subject.is_visible_to(owner):
        return ""
    return f"{owner} will see it although it is restricted."


def restore(request: HttpRequest, pages: BulkPages) -> HttpResponse:
    """Undo a bulk change of this person: ?batch= and ?at=, as its toast has them."""
    back = back_to(request, pages.list_url)
    try:
        batch, done_at = UUID(request.GET.get("batch", "")), datetime.fromisoformat(request.GET.get("at", ""))
    except ValueError:
        raise BadRequest("batch: Use the address of the undo button.") from None
    if done_at.tzinfo is None:
        raise BadRequest("at: Use the address of the undo button.")
    try:
        result = pages.undo(batch, done_at, by=actor(request), at=clock.now())
    except Refused as refusal:
        return toast(request, go(request, back), refusal.message)
    message = f"{counted(result.count, pages.noun)} restored"
    return toast(request, go(request, back), message + pages.undo_text(result))
