"""The API of patterns."""

from dataclasses import asdict
from typing import Any, cast

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from lists.specification import Reader
from people.models import User
from rest.resource import SpecView
from signals.filters.pattern import PATTERNS
from signals.patterns import LEVEL
from signals.queries import pattern as queries
from signals.states import PatternKind, SignalKind


class PatternBar(serializers.Serializer):
    """A value of the same dimension: how many breaches it has, and how many chance gives it."""

    value = serializers.CharField()
    count = serializers.IntegerField()
    expected = serializers.FloatField()
    is_pattern = serializers.BooleanField()


class PatternRow(serializers.Serializer):
    """A pattern: `count` of `total` breaches have the value, where chance gives `expected`."""

    key = serializers.CharField(help_text="Identifies the pattern for all readers and periods.")
    dimension = serializers.ChoiceField(PatternKind.choices)
    value = serializers.CharField()
    model = serializers.CharField(help_text="The slug of the model, or its name; empty for several models.")
    title = serializers.CharField()
    kind = serializers.ChoiceField(SignalKind.choices)
    count = serializers.IntegerField()
    total = serializers.IntegerField()
    expected = serializers.FloatField()
    chance = serializers.FloatField(help_text="The probability of so many by chance, of this value alone.")
    corrected = serializers.FloatField(help_text="The same, corrected for everything that was tried.")
    first_at = serializers.DateTimeField()
    latest_at = serializers.DateTimeField()
    bars = PatternBar(many=True)
    breaches = serializers.ListField(
        child=serializers.CharField(), help_text="References of the newest breaches."
    )


class PatternsAnswer(serializers.Serializer):
    """The patterns of a period, and how much was tried."""

    since = serializers.DateField()
    until = serializers.DateField()
    breaches = serializers.IntegerField()
    occasions = serializers.IntegerField(help_text="Breaches of the same cause on one day count once.")
    tried = serializers.IntegerField()
    level = serializers.FloatField(help_text="The probability that a period without patterns reports one.")
    results = PatternRow(many=True)


class Patterns(SpecView):
    """List recurring breaches, the least likely by chance first: at most 50."""

    permission = {"GET": "signals.view"}
    answers = {"GET": (200, PatternsAnswer)}
    spec = PATTERNS

    def get(self, request: Request) -> Response:
        selection = self.selection(request)
        reader = Reader(cast(User, request.user), clock.today(), clock.now())
        found = queries.asked(selection, reader)
        answer = {name: getattr(found, name) for name in ("since", "until", "breaches", "occasions", "tried")}
        return Response({**answer, "level": LEVEL, "results": [_row(one) for one in found.patterns]})


def _row(pattern: queries.ShownPattern) -> dict[str, Any]:
    row = asdict(pattern)
    del row["group_ids"], row["groups"], row["is_inside_model"]
    return {**row, "breaches": [group.reference for group in pattern.groups]}


RESOURCES: list = [("patterns", Patterns)]
