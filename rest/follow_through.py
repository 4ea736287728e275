"""The resource of figures about a period: how much was done in time, and how late the rest was."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from lists.specification import Reader, Selection
from rest.resource import SpecView

_NAMES = ("key", "name", "done", "in_time", "share", "median_late")


class FollowThroughRow(serializers.Serializer):
    """What one team or series did in the period."""

    key = serializers.CharField(help_text="The slug of the team, or the id of the series.")
    name = serializers.CharField()
    done = serializers.IntegerField()
    in_time = serializers.IntegerField()
    share = serializers.IntegerField(allow_null=True, help_text="Done in time, in per cent.")
    median_late = serializers.FloatField(
        allow_null=True, help_text="Days after the due date, of the late ones."
    )


class FollowThroughAnswer(serializers.Serializer):
    """The figures of a period, by name."""

    since = serializers.DateField()
    until = serializers.DateField()
    results = FollowThroughRow(many=True)


class FollowThroughView(SpecView, ABC):
    """GET returns the figures of a period. spec: the parameters, with `since` and `until`."""

    answers = {"GET": (200, FollowThroughAnswer)}

    @abstractmethod
    def period(self, selection: Selection, reader: Reader) -> tuple[date, date]:
        """Return the first and the last day."""

    @abstractmethod
    def figures(self, selection: Selection, reader: Reader) -> Sequence[Any]:
        """Return the rows, each with the attributes of FollowThroughRow."""

    def get(self, request: Request) -> Response:
        selection = self.selection(request)
        reader = Reader(request.user, clock.today(), clock.now())
        since, until = self.period(selection, reader)
        rows = [{name: getattr(one, name) for name in _NAMES} for one in self.figures(selection, reader)]
        return Response({"since": since, "until": until, "results": rows})
