"""The API of the weekly digest: your own, as stored, and that of any week as it would have been."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from lists.specification import ListSpec, Order
from notices.models import Digest
from notices.operations import digest as operations
from notices.queries import digest as queries
from people.models import User
from rest.resource import ApiView, Collection

DIGESTS = ListSpec(filters={}, orders={"-week": Order("Newest", ("-week", "-id"))})


class DigestRow(serializers.Serializer):
    """A stored digest of yours."""

    id = serializers.IntegerField()
    week = serializers.CharField(help_text="ISO week, such as 2026-W48.")
    title = serializers.CharField()
    since = serializers.DateTimeField()
    made_at = serializers.DateTimeField()


class DigestFigure(serializers.Serializer):
    key = serializers.CharField(help_text="opened, closed, escalated or late.")
    number = serializers.IntegerField()
    noun = serializers.CharField()
    difference = serializers.IntegerField(help_text="To the week before.")


class DigestLine(serializers.Serializer):
    reference = serializers.CharField(allow_blank=True)
    title = serializers.CharField()
    said = serializers.CharField(allow_blank=True)
    level = serializers.IntegerField(allow_null=True)
    badge = serializers.CharField(allow_blank=True)
    path = serializers.CharField(allow_blank=True, help_text="Of its page.")


class DigestSection(serializers.Serializer):
    key = serializers.CharField()
    title = serializers.CharField()
    lines = DigestLine(many=True)
    more = serializers.IntegerField(help_text="Further lines, which are not listed.")


class DigestChart(serializers.Serializer):
    title = serializers.CharField()
    alt = serializers.CharField()
    values = serializers.ListField(child=serializers.FloatField(allow_null=True), help_text="One a day.")
    limit = serializers.FloatField(allow_null=True)


class DigestAnswer(serializers.Serializer):
    """A digest, as you may see it now."""

    week = serializers.CharField()
    is_stored = serializers.BooleanField(help_text="false: computed now, because none was sent.")
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    figures = DigestFigure(many=True)
    chart = DigestChart(allow_null=True)
    sections = DigestSection(many=True)


class Digests(Collection):
    """Your stored digests, newest first."""

    kind = "digest"
    serializer_class = DigestRow
    permission = {"GET": "notices.inbox_view"}
    spec = DIGESTS
    columns = {name: name for name in ("id", "week", "title", "since", "made_at")}

    def rows(self, request: Request) -> QuerySet:
        return Digest.objects.filter(user=request.user.pk)


class DigestOfWeek(ApiView):
    """Your digest of a week: `current` for the coming one, or a week such as 2026-W48."""

    permission = {"GET": "notices.inbox_view"}
    answers = {"GET": (200, DigestAnswer)}

    def get(self, request: Request, week: str) -> Response:
        assert isinstance(request.user, User)  # the permission needs a person
        user = request.user
        if week == "current":
            at = clock.now()
            since = queries.since(queries.last_of(user), at)
            content = queries.content_for(user, since=since, at=at)
            return _answer(user, content, operations.week_of(at), since, at)
        stored = queries.digests_of(user).filter(week=week).first()
        if stored:
            return _answer(user, stored.content, week, stored.since, stored.made_at, is_stored=True)
        until = operations.slot_of(user, week)
        if until is None or until > clock.now():
            raise Http404
        since = until - queries.FIRST_LOOKS_BACK
        content = queries.content_for(user, since=since, at=until, is_past=True)
        return _answer(user, content, week, since, until)


def _answer(
    user: User,
    content: dict[str, Any],
    week: str,
    since: datetime,
    until: datetime,
    *,
    is_stored: bool = False,
) -> Response:
    shown = queries.shown(user, content)
    body = {
        "week": week,
        "is_stored": is_stored,
        "since": since,
        "until": until,
        "figures": [
            {name: getattr(one, name) for name in ("key", "number", "noun", "difference")}
            for one in shown.figures
        ],
        "chart": _chart(shown.chart) if shown.chart else None,
        "sections": [_section(one) for one in shown.sections],
    }
    return Response(body)


def _section(section: dict[str, Any]) -> dict[str, Any]:
    names = ("reference", "title", "said", "level", "badge", "path")
    lines = [{name: line[name] for name in names} for line in section["lines"]]
    return {"key": section["key"], "title": section["title"], "lines": lines, "more": section["more"]}


def _chart(chart: dict[str, Any]) -> dict[str, Any]:
    return {name: chart[name] for name in ("title", "alt", "values", "limit")}


RESOURCES: list = [("digests", Digests), ("digests/<str:week>", DigestOfWeek)]
