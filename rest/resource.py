"""The bones of every API resource: lists from .values() through orjson, items with ETags, one problem format.

A room's api.py declares columns, filters, orders and permissions; riskhub/api.py gathers the resources.
"""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.core.exceptions import EmptyResultSet
from django.db.models import F, Model, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
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

from kit import counting, paging, references
from kit.actor import Actor
from kit.filtering import BadQuery, ListSpec, Reader
from kit.refusals import Refused
from kit.rights import OPEN, may
from rest import listing
from rest.idempotency import once_per_key
from rest.listing import QueryParameter
from rest.versions import PreconditionRequired, Stale, etag, tags

PAGE_SIZE, MAX_PAGE_SIZE = 50, 200


class ApiView(GenericAPIView):
    """permission: method -> the name of its permission; what is not named is refused.

    For the published schema. bodies: method -> the Body it reads, None for a verb without one.
    answers: method -> (status, serializer or None), where it is not what the method usually answers.
    """

    permission: ClassVar[Mapping[str, str]] = {}
    bodies: ClassVar[Mapping[str, type[serializers.Serializer] | None]] = {}
    answers: ClassVar[Mapping[str, tuple[int, Any]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Every POST takes an Idempotency-Key."""
        super().__init_subclass__(**kwargs)
        if "post" in vars(cls):
            cls.post = once_per_key(cls.post)  # type: ignore[attr-defined]  # just seen in vars()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self._refuse_nul(request, kwargs)
        name = self.permission.get("GET" if request.method == "HEAD" else request.method or "")
        if name != OPEN and not request.user.is_authenticated:
            raise NotAuthenticated("Send Authorization: Bearer <token>, or sign in.")
        if name is None:
            raise MethodNotAllowed(request.method or "")
        if name != OPEN and not may(request.user, name):
            raise PermissionDenied("Your role or the scope of this token does not allow this.")

    @staticmethod
    def _refuse_nul(request: Request, kwargs: Mapping[str, Any]) -> None:
        if any("\x00" in str(value) for value in kwargs.values()):
            raise Http404
        for name, values in request.query_params.lists():
            if "\x00" in name or any("\x00" in value for value in values):
                raise ValidationError(
                    {name.replace("\x00", "") or "query": ["A NUL character cannot be searched for."]}
                )

    @property
    def allowed_methods(self) -> list[str]:
        return [*self.permission, *(["HEAD"] if "GET" in self.permission else [])]

    def by(self, request: Request) -> Actor:
        """The author of what this request does: the token's owner with the token, or the signed-in person."""
        return Actor(request.user, "api", token=request.auth)

    def require(self, request: Request, name: str, obj: Any) -> None:
        """The permission on one object, which the reader may see already."""
        if not may(request.user, name, obj):
            raise PermissionDenied("Your role or the ownership of this object does not allow this.")


class Resource(ApiView):
    """What a list and an item share.

    columns: name in the answer -> path from the row; kind: the word in ETags; serializer_class: the schema.
    slug: the field that a key which is neither a number nor a reference names, if any.
    """

    columns: ClassVar[Mapping[str, str]] = {}
    kind: ClassVar[str] = ""
    slug: ClassVar[str] = ""
    serializer_class: type[serializers.Serializer]

    def rows(self, request: Request) -> QuerySet:
        """The rows the reader may see."""
        raise NotImplementedError

    def objects(self, request: Request) -> QuerySet:
        """The same rows as instances, with what the operations and the permissions read of them."""
        return self.rows(request)

    def found(self, request: Request, key: str) -> Any:
        """The object to act on, or 404."""
        return get_object_or_404(self.objects(request), **self.lookup(key))

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """A last touch on the rows read, for what no column can say."""
        return found

    def as_values(self, rows: QuerySet) -> QuerySet:
        direct = [name for name, path in self.columns.items() if name == path]
        renamed = {name: F(path) for name, path in self.columns.items() if name != path}
        return rows.values(*direct, **renamed)

    def one(self, request: Request, key: str) -> dict[str, Any]:
        found = list(self.as_values(self.rows(request).filter(**self.lookup(key)))[:1])
        if not found:
            raise Http404
        return self.finish(found, request)[0]

    def lookup(self, key: str) -> dict[str, Any]:
        """How a key of the address finds its row: R-142, 142, or a slug."""
        if "reference" in self.columns and references.is_reference(key):
            return {self.columns["reference"]: key.upper()}
        if key.isascii() and key.isdigit() and len(key) < 19:
            return {"pk": int(key)}
        if self.slug:
            return {self.slug: key}
        raise Http404

    def answer(
        self, request: Request, key: Any, status: int = 200, body: Mapping[str, Any] | None = None
    ) -> Response:
        """The row as it stands, with its ETag; 304 without a body when the reader has just that.

        body: the row, where it is at hand already.
        """
        body = self.one(request, str(key)) if body is None else body
        if "version" not in body:
            return Response(body, status=status)
        tag = etag(self.kind, body["id"], body["version"])
        held = tags(request.headers.get("If-None-Match"))
        if request.method in {"GET", "HEAD"} and (tag in held or "*" in held):
            return Response(status=304, headers={"ETag": tag})
        return Response(body, status=status, headers={"ETag": tag})

    def created(self, request: Request, made: Any, address: str) -> Response:
        """201 with the new row, its ETag and its address (below /api/v1/).

        made: its key; or the object itself, made of nothing but what the writer may see: then it is not
        read again.
        """
        row = self.serializer_class(made).data if isinstance(made, Model) else None
        answer = self.answer(request, made, 201, row)
        answer["Location"] = f"/api/v1/{address}"
        return answer


class Collection(Resource):
    """GET a keyset page of the rows that `spec`, the noun's filters and orders, narrows.

    is_counted: whether a page says how many there are.
    """

    is_counted: ClassVar[bool] = True
    spec: ClassVar[ListSpec | None] = None
    filters: ClassVar[Mapping[str, QueryParameter]] = {}
    orders: ClassVar[Mapping[str, tuple[str, ...]]] = {"id": ("id",)}

    def get(self, request: Request) -> Response:
        rows, order, place = self._selected(request)
        listed = self._with_number(rows) if self.is_counted else self.as_values(rows)
        page = self._page(listed, order, place)
        counts = self._counts(page, rows) if self.is_counted else {}
        return Response(
            {
                "results": self.finish(page.rows, request),
                **counts,
                "next": self._link(request, after=page.after),
                "previous": self._link(request, before=page.before),
            }
        )

    def _selected(self, request: Request) -> tuple[QuerySet, tuple[str, ...], Mapping[str, str]]:
        """Return the narrowed rows, the keys of their order, and the place in the pages as sent."""
        query = request.query_params
        if self.spec is None:
            listing.check(query, filters=[*self.filters, *self.further])
            return self.narrowed(self.rows(request), query), self._order(query.get("order")), query
        try:
            selection = self.spec.read(dict(query.lists()))
        except BadQuery as error:
            raise ValidationError({name: [text] for name, text in error.errors.items()}) from None
        reader = Reader(request.user, timezone.localdate())
        rows = self.spec.apply(self.rows(request), selection, reader)
        return rows, self.spec.keys_of(selection), selection.place

    def _page(self, listed: QuerySet, order: tuple[str, ...], query: Mapping[str, str]) -> paging.KeysetPage:
        size = self._size(query.get("limit"))
        cursors = {name: query[name] for name in ("after", "before") if name in query}
        try:
            return paging.page(listed, order=order, size=size, **cursors)
        except Refused as refusal:
            raise ValidationError({name: [refusal.message] for name in cursors}) from None

    def _with_number(self, rows: QuerySet) -> QuerySet:
        """What a page reads, each row with the number of all: one query for both."""
        try:
            return self.as_values(rows).annotate(number_of_rows=counting.number_of(rows))
        except EmptyResultSet:
            return rows.none()

    @staticmethod
    def _counts(page: paging.KeysetPage, rows: QuerySet) -> dict[str, Any]:
        numbers = {row.pop("number_of_rows") for row in page.rows}
        number, is_capped = counting.capped(numbers.pop()) if numbers else counting.capped_count(rows)
        return {"count": number, "is_count_capped": is_capped}

    def narrowed(self, rows: QuerySet, query: Mapping[str, str]) -> QuerySet:
        for name, one in self.filters.items():
            if text := query.get(name):
                rows = rows.filter(**self._condition(name, one, text))
        return rows

    @staticmethod
    def _condition(name: str, one: QueryParameter, text: str) -> dict[str, Any]:
        try:
            if not one.many:
                return {one.path: one.parse(text)}
            values = [one.parse(part) for part in listing.either(name, text)]
        except ValueError as error:
            raise ValidationError({name: [str(error)]}) from None
        return {one.path: values[0]} if len(values) == 1 else {f"{one.path}__in": values}

    def _order(self, name: str | None) -> tuple[str, ...]:
        if name is None:
            return next(iter(self.orders.values()))
        if name not in self.orders:
            raise ValidationError({"order": [f"Use one of {', '.join(self.orders)}."]})
        return self.orders[name]

    @staticmethod
    def _size(text: str | None) -> int:
        if text is None:
            return PAGE_SIZE
        if not text.isascii() or not text.isdigit() or len(text) > 6 or not 1 <= int(text) <= MAX_PAGE_SIZE:
            raise ValidationError({"limit": [f"Use a number from 1 to {MAX_PAGE_SIZE}."]})
        return int(text)

    further: ClassVar[tuple[str, ...]] = ()

    @staticmethod
    def _link(request: Request, **cursor: str | None) -> str | None:
        ((name, value),) = cursor.items()
        if value is None:
            return None
        kept = {k: v for k, v in request.query_params.items() if k not in {"after", "before"}}
        return request.build_absolute_uri(f"{request.path}?{urlencode({**kept, name: value})}")


class Item(Resource):
    """GET one row by id or reference, with its ETag."""

    def get(self, request: Request, key: str) -> Response:
        return self.answer(request, key)

    def seen(self, request: Request, found: Any) -> int:
        """The version the writer looked at, from If-Match. 428 when missing, 412 when stale."""
        given = request.headers.get("If-Match")
        if not given:
            raise PreconditionRequired
        now = etag(self.kind, found.pk, found.version)
        if given.strip() != "*" and now not in tags(given):
            raise Stale(self.one(request, str(found.pk)), now)
        return int(found.version)
