"""Search over all objects that have a page and that the reader may see: the search page and the palette."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from catalogue.models import Model
from history import search as documents
from history.models import Event, Subject
from kit import kinds
from kit.rights import may, view_needs
from kit.sight import Visitor
from lists import filtering
from lists.specification import Filter, ListSpec, Order, Reader
from pages.answers import is_fragment, vary
from pages.listing import listing, reader_of, selection_of
from people import queries as people
from talk.models import Comment
from talk.queries import comment as comments

IN_PALETTE = 12
_DAYS = {"week": ("Last 7 days", 7), "month": ("Last 30 days", 30), "year": ("Last 365 days", 365)}


@dataclass(frozen=True, slots=True)
class Result:
    """One found subject. fragment: HTML of the text around the words, "" if only the title matches."""

    icon: str
    kind: str
    reference: str
    title: str
    url: str
    fragment: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Results under one heading. more: the address of all results of this kind, "" if these are all."""

    heading: str
    results: list[Result]
    more: str = ""


def find(user: Visitor, text: str) -> QuerySet[Subject]:
    """Return the subjects that match the text, of the kinds that this user may see. Not ordered."""
    allowed = [kind.key for kind in kinds.searchable() if may(user, kind.permission)]
    return documents.search(user, text, allowed, language=people.search_language())


# ------------------------------------------------------------------ filters and orders


def _kind(text: str) -> str:
    known = [*(kind.key for kind in kinds.searchable()), COMMENT]
    if text not in known:
        raise ValueError(f"Use one of {', '.join(known)}.")
    return text


def _kinds(user: Visitor) -> Sequence[tuple[str, str]]:
    found = [(kind.key, kind.plural) for kind in kinds.searchable() if may(user, kind.permission)]
    return [*found, (COMMENT, "Comments")]


def _active_within(days: int) -> Any:
    def condition(reader: Reader) -> Q:
        events = Event.objects.filter(
            subject=OuterRef("pk"), at__date__gte=reader.today - timedelta(days=days)
        )
        return Q(Exists(events))

    return condition


def _of_model(values: Sequence[str], reader: Reader) -> Q:
    """Return the condition that an object is a model of these slugs, or names one in its field `model`."""
    models = Model.objects.visible_to(reader.user).filter(slug__in=list(values))
    condition = Q(kind=Model.KIND, object_id__in=models.values("pk"))
    for kind in kinds.searchable():
        if any(field.name == "model" for field in kind.row._meta.fields):
            rows = kind.row._base_manager.filter(model__in=models.values("pk"))
            condition |= Q(kind=kind.key, object_id__in=rows.values("pk"))
    return condition


def _active_since(values: Sequence[date], reader: Reader) -> Q:
    return Q(Exists(Event.objects.filter(subject=OuterRef("pk"), at__date__gte=values[0])))


_MODEL = Filter("Model", _of_model, help="The slug of a model: the model, and what is about it.")
_SINCE = Filter(
    "Since", _active_since, filtering.day, is_many=False, shape="date", help="Active on this day or later."
)

SPEC = ListSpec(
    filters={
        # find() applies the text, because it also computes how well each row matches.
        "q": Filter("Text", lambda values, reader: Q(), is_many=False),
        "kind": Filter("Kind", filtering.equals("kind"), _kind, options=_kinds, is_many=False),
        "active": filtering.named(
            "Active", {name: (label, _active_within(days)) for name, (label, days) in _DAYS.items()}
        ),
        "model": _MODEL,
        "since": _SINCE,
    },
    orders={
        "kind": Order("By kind, best first", ("group", "-fit", "-id")),
        "fit": Order("Best first", ("-fit", "-id")),
        "-id": Order("Newest first", ("-id",)),
    },
)


# Comments have no subject of their own, so they are another list, with the same filters.
COMMENT = "comment"
FEW_COMMENTS = 5


def _comments_within(days: int) -> Any:
    return lambda reader: Q(posted_at__date__gte=reader.today - timedelta(days=days))


def _comments_of_model(values: Sequence[str], reader: Reader) -> Q:
    return Q(about__in=Subject.objects.filter(_of_model(values, reader)).values("pk"))


COMMENTS = ListSpec(
    filters={
        "q": SPEC.filters["q"],
        "kind": replace(SPEC.filters["kind"], condition=lambda values, reader: Q()),
        "active": filtering.named(
            "Active", {name: (label, _comments_within(days)) for name, (label, days) in _DAYS.items()}
        ),
        "model": replace(_MODEL, condition=_comments_of_model),
        "since": replace(_SINCE, condition=lambda values, reader: Q(posted_at__date__gte=values[0])),
    },
    orders={
        "fit": Order("Best first", ("-fit", "-id")),
        "-id": Order("Newest first", ("-id",)),
        "kind": Order("By kind, best first", ("-fit", "-id")),
    },
)


# ------------------------------------------------------------------ the page and the palette


@require_safe
@view_needs("people.signed_in")
def search(request: HttpRequest) -> HttpResponse:
    """Show the search page, or only the options for the palette."""
    text = request.GET.get("q", "")
    if is_fragment(request):
        best = find(request.user, text).order_by("-fit", "-pk")[:IN_PALETTE]
        options = _grouped(sorted(best, key=_group_of), {})
        return vary(render(request, "kit/_options.html", {"groups": options}))
    if request.GET.get("kind") == COMMENT:
        shown = listing(request, COMMENTS, comments_of(request.user, text))
        groups = _comment_groups(shown.page.rows, text)
    else:
        shown = listing(request, SPEC, find(request.user, text))
        rows = shown.page.rows
        fragments = fragments_of(rows, text)
        groups = _grouped(rows, fragments) if shown.selection.order == "kind" else _ungrouped(rows, fragments)
        if not shown.selection.place and "kind" not in shown.selection.texts:
            groups += _some_comments(request, text)
    context = {"q": text, "listing": shown, "page": shown.page, "groups": groups}
    return vary(render(request, "search.html", context))


def comments_of(user: Visitor, text: str) -> QuerySet[Comment]:
    """Return the comments that match the text, of objects that this user may see. Not ordered."""
    found = comments.found(user, text, people.search_language())
    return found if may(user, "talk.comment_view") else found.none()


def _some_comments(request: HttpRequest, text: str) -> list[Group]:
    """Return a group with the best comments, and with the address of all of them."""
    selection = selection_of(request, COMMENTS)
    rows = COMMENTS.apply(comments_of(request.user, text), selection, reader_of(request))
    best = list(rows.order_by(*COMMENTS.orders["fit"].keys)[: FEW_COMMENTS + 1])
    more = f"?{selection.query(kind=COMMENT, order=None)}" if len(best) > FEW_COMMENTS else ""
    return _comment_groups(best[:FEW_COMMENTS], text, more)


def _comment_groups(rows: Sequence[Comment], text: str, more: str = "") -> list[Group]:
    if not rows:
        return []
    these = Comment.objects.filter(pk__in=[row.pk for row in rows])
    fragments = comments.fragments(these, text, people.search_language())
    return [Group("Comments", [_comment_result(row, fragments[row.pk]) for row in rows], more)]


def _comment_result(comment: Comment, fragment: str) -> Result:
    about = comment.about
    url = reverse("talk:comment", args=[comment.pk])
    title = f"{comment.author.name} on {about.title}"
    return Result("message-circle", "Comment", about.reference or "", title, url, marked(fragment))


def fragments_of(rows: Sequence[Subject], text: str) -> dict[int, str]:
    """Return the highlighted text of each of these rows that has one. One query, none without rows."""
    words = text.split()[: documents.MAX_WORDS]
    if not rows or not words:
        return {}
    language = people.search_language()
    fragment = documents.Fragment(documents.query_of(words, language), language)
    ids = [row.pk for row in rows]
    found = Subject.objects.filter(pk__in=ids).annotate(fragment=fragment).values_list("pk", "fragment")
    return {pk: marked(part) for pk, part in found if part and documents.BEGIN in part}


def marked(fragment: str) -> SafeString:
    """Return HTML. A line break separates the texts of a document, so it is shown as a separator."""
    parts = (part.strip() for part in fragment.split("\n"))
    text = (
        escape(" · ".join(part for part in parts if part))
        .replace(documents.BEGIN, "<mark>")
        .replace(documents.END, "</mark>")
    )
    return mark_safe(text)


def _group_of(row: Any) -> int:
    """Return the group that find() computed for the row."""
    group: int = row.group
    return group


def _grouped(rows: Sequence[Subject], fragments: dict[int, str]) -> list[Group]:
    """Group rows that are in the order of their groups."""
    return [
        Group(_heading(group, members[0].kind), [_result(row, fragments) for row in members])
        for group, members in ((group, list(some)) for group, some in groupby(rows, _group_of))
    ]


def _ungrouped(rows: Sequence[Subject], fragments: dict[int, str]) -> list[Group]:
    return [Group("Results", [_result(row, fragments) for row in rows])] if rows else []


def _heading(group: int, kind_key: str) -> str:
    kind = kinds.find(kind_key)
    return "Best match" if group == documents.BEST or kind is None else kind.plural


def _result(row: Subject, fragments: dict[int, str]) -> Result:
    kind = kinds.find(row.kind)
    icon, label = (kind.icon, kind.label) if kind else ("search", "")
    fragment = fragments.get(row.pk, "")
    return Result(icon, label, row.reference or "", row.title, kinds.url_of(row), fragment)
