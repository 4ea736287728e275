"""Search by API: the same results, filters and orders as the search page."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from django.db.models import F, QuerySet, Value
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from history.models import Subject
from kit import kinds
from lists.specification import ListSpec
from people import queries as people
from people.models import User
from rest.resource import Collection
from riskhub.search import COMMENT, COMMENTS, SPEC, comments_of, find, fragments_of, marked
from talk.models import Comment
from talk.queries import comment as comments

_ORDERS = ("fit", "-id", "kind")


def _for_tools(spec: ListSpec) -> ListSpec:
    """Return the specification with the text as a required parameter, the best results first."""
    text = replace(spec.filters["q"], help="Words; the last one may be incomplete. Or a reference.")
    known = [*(one.key for one in kinds.searchable()), COMMENT]
    kind = replace(spec.filters["kind"], shape="|".join(known), help="One kind.")
    return replace(
        spec,
        filters={**spec.filters, "q": text, "kind": kind},
        orders={name: spec.orders[name] for name in _ORDERS},
        required=("q",),
    )


class FoundRow(serializers.Serializer):
    """An object that matches, or a comment. Only what you may see is found."""

    id = serializers.IntegerField(help_text="The id of the subject; of a comment, its own id.")
    kind = serializers.CharField(help_text="Such as risk, decision, learning or comment.")
    object_id = serializers.IntegerField()
    reference = serializers.CharField(allow_null=True, help_text="Of a comment: what it is about.")
    title = serializers.CharField()
    url = serializers.CharField(help_text="The path of its page.")
    is_retired = serializers.BooleanField()
    fragment = serializers.CharField(
        allow_blank=True, help_text="HTML: the text around the words, which are in <mark>."
    )


class SearchResults(Collection):
    """Search everything that was noted and decided. kind=comment searches comments."""

    permission = {"GET": "people.signed_in"}
    serializer_class = FoundRow
    spec = _for_tools(SPEC)
    columns: Mapping[str, str] = {
        "id": "id",
        "kind": "kind",
        "object_id": "object_id",
        "reference": "reference",
        "title": "title",
        "is_retired": "is_retired",
    }

    def get(self, request: Request) -> Response:
        results = _CommentResults() if request.query_params.get("kind") == COMMENT else self
        results.request = request
        return Collection.get(results, request)

    def rows(self, request: Request) -> QuerySet:
        return find(cast(User, request.user), request.query_params.get("q", ""))

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(fit=F("fit"), group=F("group"))

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Add the page and the fragment of each row. One query."""
        subjects = [Subject(pk=row["id"], kind=row["kind"], object_id=row["object_id"]) for row in found]
        fragments = fragments_of(subjects, request.query_params.get("q", ""))
        for row, subject in zip(found, subjects, strict=True):
            subject.reference = row["reference"]
            row["url"] = kinds.url_of(subject)
            row["fragment"] = str(fragments.get(row["id"], ""))
            row.pop("fit", None), row.pop("group", None)
        return found


class _CommentResults(SearchResults):
    spec = _for_tools(COMMENTS)

    def rows(self, request: Request) -> QuerySet:
        return comments_of(cast(User, request.user), request.query_params.get("q", ""))

    def as_values(self, rows: QuerySet) -> QuerySet:
        return rows.values(
            "id",
            "fit",
            kind=Value(COMMENT),
            object_id=F("id"),
            reference=F("about__reference"),
            title=F("about__title"),
            is_retired=F("about__is_retired"),
        )

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        rows = Comment.objects.filter(pk__in=[row["id"] for row in found])
        text, language = request.query_params.get("q", ""), people.search_language()
        fragments = comments.fragments(rows, text, language) if found else {}
        for row in found:
            row["url"] = reverse("talk:comment", args=[row["id"]])
            row["fragment"] = str(marked(fragments.get(row["id"], "")))
            row.pop("fit", None)
        return found


RESOURCES: list = [("search", SearchResults)]
