"""Base classes of API resources: lists from .values() through orjson, items with ETags, one problem format.

A room's api.py declares columns, filters, orders and permissions. riskhub/urls.py lists the resources.
"""

from abc import ABC
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.core.exceptions import EmptyResultSet
from django.db.models import F, Model, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.exceptions import (
    MethodNotAllowed,
    NotAuthenticated,
    PermissionDenied,
    ValidationError,
)
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from kit.actor import Actor
from kit.refusals import Refused
from kit.rights import OPEN, may
from lists import counting, paging
from lists.specification import BadQuery, ListSpec, Reader, Selection
from rest import keys, prepared, sparse
from rest.idempotency import once_per_key
from rest.throttling import Budget
from rest.versions import NoVersion, PreconditionRequired, Stale, etag, named, tags

PAGE_SIZE, MAX_PAGE_SIZE = 50, 200
_READS = frozenset({"GET", "HEAD"})
_OF_READS = frozenset({sparse.FIELDS})


class ApiView(GenericAPIView):
    """A view of the API.

    permission: method -> the name of its permission. A method that is not named is refused.
    bodies: for the schema: method -> the Body it reads, None for a method without one.
    answers: for the schema: method -> (status, serializer or None), where it differs from the default.
    accepted: for the schema: when a POST answers 202 with the object instead, with Location and Retry-After.
    written_parameters: the parameters of the address that a write reads; None if any may be sent.
    names_objects: for the schema: a parameter of the query names an object, and 404 answers an unknown one.
    media_type, further_media_types: for the schema: of the normal answers.
    is_tagged: for the schema: GET reads If-None-Match, and may answer 304. A row with a version has it, too.
    """

    permission: ClassVar[Mapping[str, str]] = {}
    bodies: ClassVar[Mapping[str, type[serializers.Serializer] | None]] = {}
    answers: ClassVar[Mapping[str, tuple[int, Any]]] = {}
    accepted: ClassVar[str] = ""
    written_parameters: ClassVar[frozenset[str] | None] = frozenset()
    names_objects: ClassVar[bool] = False
    media_type: ClassVar[str] = "application/json"
    further_media_types: ClassVar[tuple[str, ...]] = ()
    is_tagged: ClassVar[bool] = False
    budget: Budget | None = None  # of the sender, set by rest.throttling

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make every POST idempotent (Idempotency-Key)."""
        super().__init_subclass__(**kwargs)
        if "post" in vars(cls):
            cls.post = once_per_key(cls.post)  # type: ignore[attr-defined]  # just seen in vars()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        clock.move_ahead(getattr(request.user, "ahead_by", None) or timedelta(0))
        self._refuse_nul(request, kwargs)
        name = self.permission.get("GET" if request.method == "HEAD" else request.method or "")
        if name != OPEN and not request.user.is_authenticated:
            raise NotAuthenticated("Send Authorization: Bearer <token>, or sign in.")
        if name is None:
            raise MethodNotAllowed(request.method or "")
        if name != OPEN and not may(request.user, name):
            raise PermissionDenied("Your role or the scope of this token does not allow this.")
        _refuse_unknown(request, self.known_parameters(request))

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        for name, value in self.budget.headers.items() if self.budget else ():
            answer[name] = value
        return answer

    @staticmethod
    def _refuse_nul(request: Request, kwargs: Mapping[str, Any]) -> None:
        if any("\x00" in str(value) for value in kwargs.values()):
            raise Http404
        for name, values in request.query_params.lists():
            if "\x00" in name or any("\x00" in value for value in values):
                raise ValidationError(
                    {name.replace("\x00", "") or "query": ["A NUL character cannot be searched for."]}
                )

    def known_parameters(self, request: Request) -> frozenset[str] | None:
        """Return the parameters that this address has; None if another part checks or ignores them."""
        return _OF_READS if request.method in _READS else self.written_parameters

    @property
    def allowed_methods(self) -> list[str]:
        return [*self.permission, *(["HEAD"] if "GET" in self.permission else [])]

    def by(self, request: Request) -> Actor:
        """Return the author of this request: the token and its owner, or the signed-in person."""
        return Actor(request.user, "api", token=request.auth)

    def require(self, request: Request, name: str, obj: Any) -> None:
        """Raise PermissionDenied without the permission on one object. The reader may see the object."""
        if not may(request.user, name, obj):
            raise PermissionDenied("Your role or the ownership of this object does not allow this.")


class SpecView(ApiView):
    """A view whose GET reads its parameters by `spec`, the filters and orders of a noun.

    The spec refuses unknown parameters of a GET (selection()), ApiView those of all other requests.
    other_parameters: those of a GET that the view reads without its spec.
    """

    spec: ClassVar[ListSpec]
    other_parameters: ClassVar[frozenset[str]] = frozenset()

    def known_parameters(self, request: Request) -> frozenset[str] | None:
        return None if request.method in _READS else super().known_parameters(request)

    def selection(self, request: Request) -> Selection:
        """Return the filters, the order and the place of the page, as sent. Raises ValidationError."""
        texts = dict(request.query_params.lists())
        try:
            return self.spec.read({name: texts[name] for name in texts if name not in self.other_parameters})
        except BadQuery as error:
            raise ValidationError({name: [text] for name, text in error.errors.items()}) from None


class Resource(ApiView, ABC):
    """The common base of lists and items.

    columns: name in the answer -> path from the row. kind: the first part of ETags. serializer_class: the
    schema of a row. slug: the field for keys that are neither a number nor a reference, "" without one.
    takes_if_match: whether the POST of a list reads If-Match, if it is sent.
    visible_rows: the manager whose rows are those of the resource, as far as the reader may see them. If
    rows() is not overridden, and as_values() reads nothing of the request, its statements are compiled once
    a process (rest.prepared).
    """

    takes_if_match: ClassVar[bool] = False
    visible_rows: ClassVar[Any] = None

    columns: ClassVar[Mapping[str, str]] = {}
    kind: ClassVar[str] = ""
    slug: ClassVar[str] = ""
    serializer_class: type[serializers.Serializer]

    def rows(self, request: Request) -> QuerySet:
        """Return the rows that the reader may see."""
        return self.visible_rows.visible_to(request.user)

    @classmethod
    def has_visible_rows(cls) -> bool:
        """Return whether the rows are those of `visible_rows`, and depend on nothing but the reader."""
        return cls.visible_rows is not None and cls.rows is Resource.rows

    def objects(self, request: Request) -> QuerySet:
        """Return the same rows as instances, with the relations that operations and permissions read."""
        return self.rows(request)

    def found(self, request: Request, key: str) -> Any:
        """Return the object to act on. Raises Http404."""
        return get_object_or_404(self.objects(request), **self.lookup(key))

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Return the rows with values that no column gives. Subclasses override it."""
        return found

    def as_values(self, rows: QuerySet) -> QuerySet:
        direct = [name for name, path in self.columns.items() if name == path]
        renamed = {name: F(path) for name, path in self.columns.items() if name != path}
        return rows.values(*direct, **renamed)

    def one(self, request: Request, key: str) -> dict[str, Any]:
        """Return the row of this key as the answer shows it. Raises Http404."""
        lookup = self.lookup(key)
        rows = prepared.row(self, lookup, request.user)
        if rows is None:
            rows = list(self.as_values(self.rows(request).filter(**lookup))[:1])
        if not rows:
            raise Http404
        return self.finish(rows, request)[0]

    def lookup(self, key: str) -> dict[str, Any]:
        """Return the lookup for a key of the address: R-142, 142, or a slug. Raises Http404."""
        return keys.lookup(key, reference=self.columns.get("reference", ""), slug=self.slug)

    def answer(
        self, request: Request, key: Any, status: int = 200, body: Mapping[str, Any] | None = None
    ) -> Response:
        """Return the current row with its ETag; 304 without a body if the client has this version.

        body: the row, where the caller has it already.
        """
        is_read = request.method in {"GET", "HEAD"}
        chosen = sparse.chosen_fields(request, self.serializer_class) if is_read else None
        body = self.one(request, str(key)) if body is None else dict(body)
        if "version" not in body:
            return Response(sparse.only([body], chosen)[0], status=status)
        tag = etag(self.kind, body["id"], body["version"])
        known = tags(request.headers.get("If-None-Match"))
        if is_read and (tag in known or "*" in known):
            return Response(status=304, headers={"ETag": tag})
        return Response(sparse.only([body], chosen)[0], status=status, headers={"ETag": tag})

    def created(self, request: Request, made: Any, address: str) -> Response:
        """Return 201 with the new row, its ETag and its address (below /api/v1/).

        made: the key of the row; or the object, if the writer may see all its values. Then no query reads it.
        """
        row = self.serializer_class(made).data if isinstance(made, Model) else None
        answer = self.answer(request, made, 201, row)
        answer["Location"] = f"/api/v1/{address}"
        return answer

    def seen(self, request: Request, found: Any) -> int:
        """Return the version that the writer read, from If-Match.

        Raises PreconditionRequired without it, ValidationError if it is no ETag, Stale for another version.
        """
        given = request.headers.get("If-Match")
        if not given:
            raise PreconditionRequired
        now, sent = etag(self.kind, found.pk, found.version), named(given, self.kind)
        if sent != {"*"} and now not in sent:
            raise Stale(self.one(request, str(found.pk)), now)
        return int(found.version)

    def seen_if_sent(self, request: Request, found: Any | None) -> int | None:
        """Return the version as seen() does, None without If-Match. Raises NoVersion without an object."""
        given = request.headers.get("If-Match")
        if not given:
            return None
        if found is not None:
            return self.seen(request, found)
        if named(given, self.kind) != {"*"}:
            raise NoVersion
        return None


def _refuse_unknown(request: Request, known: frozenset[str] | None) -> None:
    """Raise ValidationError for parameters that this address does not have, so that a typo is reported."""
    if known is None:
        return
    fix = f"Known: {', '.join(sorted(known))}." if known else "Send fields in the body."
    if unknown := [name for name in request.query_params if name not in known]:
        raise ValidationError({name or "query": [f"No such parameter. {fix}"] for name in unknown})


def page_size(text: str | None) -> int:
    """Parse the parameter "limit". Raises ValidationError."""
    if text is None:
        return PAGE_SIZE
    if not text.isascii() or not text.isdigit() or len(text) > 6 or not 1 <= int(text) <= MAX_PAGE_SIZE:
        raise ValidationError({"limit": [f"Use a number from 1 to {MAX_PAGE_SIZE}."]})
    return int(text)


class Collection(SpecView, Resource):
    """A list: GET returns a keyset page of the rows, narrowed by `spec` (the filters and orders of the noun).

    is_counted: whether the answer has the number of rows.
    """

    is_counted: ClassVar[bool] = True
    other_parameters = _OF_READS

    def get(self, request: Request) -> Response:
        chosen = sparse.chosen_fields(request, self.serializer_class)
        page, counts = self._read(request)
        return Response(
            {
                "results": sparse.only(self.finish(page.rows, request), chosen),
                **counts,
                "next": self._link(request, after=page.after),
                "previous": self._link(request, before=page.before),
            }
        )

    def _read(self, request: Request) -> tuple[paging.KeysetPage, dict[str, Any]]:
        """Return the page that the request asks for, and the number of all rows if the list is counted."""
        selection = self.selection(request)
        page = prepared.first_page(self, selection, request.user)
        if page is not None:
            return page, self._counts(page)
        reader = Reader(request.user, clock.today(), clock.now())
        rows = self.spec.apply(self.rows(request), selection, reader)
        page = self._page(self.listed(rows), selection)
        return page, self._counts(page, rows)

    def listed(self, rows: QuerySet) -> QuerySet:
        """Return the rows as values; of a counted list each with the number of all rows."""
        return self._with_number(rows) if self.is_counted else self.as_values(rows)

    def _page(self, listed: QuerySet, selection: Selection) -> paging.KeysetPage:
        cursors = {name: text for name, text in selection.place.items() if name != "limit"}
        order, size = self.spec.keys_of(selection), self.page_size(selection)
        try:
            return paging.page(listed, order=order, size=size, **cursors)
        except Refused as refusal:
            raise ValidationError({name: [refusal.message] for name in cursors}) from None

    @staticmethod
    def page_size(selection: Selection) -> int:
        """Return the number of rows of a page, from the parameter "limit". Raises ValidationError."""
        return page_size(selection.place.get("limit"))

    def _with_number(self, rows: QuerySet) -> QuerySet:
        """Return the rows as values, each with the number of all rows, so that one query reads both."""
        try:
            return self.as_values(rows).annotate(number_of_rows=counting.number_of(rows))
        except EmptyResultSet:
            return self.as_values(rows.none())  # with the columns that its order names

    def _counts(self, page: paging.KeysetPage, rows: QuerySet | None = None) -> dict[str, Any]:
        """Return the number of all rows if the list is counted. rows: to count if the page has none.

        An empty first page needs no rows, because there are none.
        """
        if not self.is_counted:
            return {}
        numbers = {row.pop("number_of_rows") for row in page.rows}
        if numbers:
            number, is_capped = counting.capped(numbers.pop())
        else:
            number, is_capped = (0, False) if rows is None else counting.capped_count(rows)
        return {"count": number, "is_count_capped": is_capped}

    @staticmethod
    def _link(request: Request, **cursor: str | None) -> str | None:
        ((name, value),) = cursor.items()
        if value is None:
            return None
        kept = {key: text for key, text in request.query_params.items() if key not in {"after", "before"}}
        return request.build_absolute_uri(f"{request.path}?{urlencode({**kept, name: value})}")


class Item(Resource):
    """One row: GET returns it by id, reference or slug, with its ETag."""

    def get(self, request: Request, key: str) -> Response:
        return self.answer(request, key)
