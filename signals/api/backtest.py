"""The API of back-tests: what a rule would have opened over the stored points of a series."""

from typing import Any, cast

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from kit.refusals import Refused
from people.models import User
from rest.fields import Visible, read
from rest.resource import ApiView
from signals.api.threshold import RuleBody
from signals.models import Series, Threshold
from signals.queries import backtest
from signals.queries.verdicts import BreachVerdict
from signals.queries.version import in_force_on, rule_of
from signals.states import BreachLevel
from signals.thresholds import Rule, problems

MAX_CROSSINGS = 200


class BacktestBody(RuleBody):
    """A rule to test. threshold: the one to compare with; by default the first in force on the series."""

    series = Visible("series", Series.objects.visible_to, by="id")
    threshold = Visible("threshold", Threshold.objects.visible_to, by="id", required=False, allow_null=True)
    days = serializers.IntegerField(min_value=1, max_value=backtest.MOST_DAYS, required=False)


class CrossingRow(serializers.Serializer):
    """A breach that the rule would have opened. reference, outcome: of a reviewed breach at that time."""

    opened_at = serializers.DateTimeField()
    cleared_at = serializers.DateTimeField(allow_null=True)
    level = serializers.ChoiceField(BreachLevel.choices)
    first_value = serializers.FloatField(allow_null=True)
    worst_value = serializers.FloatField(allow_null=True)
    reference = serializers.CharField(allow_blank=True)
    called = serializers.ChoiceField([(str(one), str(one)) for one in BreachVerdict], allow_null=True)
    outcome = serializers.CharField(allow_null=True)


class SideRow(serializers.Serializer):
    """What one rule would have opened. missed: references of breaches called real that it misses."""

    breaches = serializers.IntegerField()
    critical = serializers.IntegerField()
    real = serializers.IntegerField()
    noise = serializers.IntegerField()
    unclear = serializers.IntegerField()
    not_reviewed = serializers.IntegerField()
    missed = serializers.ListField(child=serializers.CharField())
    crossings = CrossingRow(many=True, help_text=f"The newest {MAX_CROSSINGS} of `breaches`.")


class BacktestRow(serializers.Serializer):
    """The proposed rule beside the one in force, null without one. is_cut: the period had more points."""

    series_id = serializers.IntegerField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    points = serializers.IntegerField()
    is_cut = serializers.BooleanField()
    proposed = SideRow()
    present = SideRow(allow_null=True)


class Backtest(ApiView):
    """Test a rule on the stored points. Nothing is written."""

    permission = {"POST": "signals.view"}
    bodies = {"POST": BacktestBody}
    answers = {"POST": (200, BacktestRow)}

    def post(self, request: Request) -> Response:
        given = read(BacktestBody, request)
        series, threshold = given.pop("series"), given.pop("threshold", None)
        days = given.pop("days", backtest.DAYS)
        rule = Rule(**given)
        for name, message in problems(rule).items():
            raise Refused(message, field=name)
        user = cast(User, request.user)
        rows = in_force_on(series).visible_to(user)
        active = (rows.filter(threshold=threshold) if threshold else rows).first()
        present = rule_of(active) if active else None
        test = backtest.backtest(user, series, rule, present, days=days, at=clock.now())
        answer = {
            "series_id": series.pk,
            **{name: getattr(test, name) for name in ("start", "end", "points", "is_cut")},
            "proposed": _side(test.proposed),
            "present": _side(test.present) if test.present else None,
        }
        return Response(BacktestRow(answer).data)


def _side(side: backtest.Side) -> dict[str, Any]:
    called = side.called
    return {
        "breaches": side.count,
        "critical": side.critical,
        **{str(one): called[one] for one in BreachVerdict},
        "not_reviewed": called["unjudged"],
        "missed": side.missed,
        "crossings": [_crossing(crossing) for crossing in side.crossings[:MAX_CROSSINGS]],
    }


def _crossing(crossing: backtest.TestedCrossing) -> dict[str, Any]:
    span, verdict = crossing.span, crossing.verdict
    return {
        "opened_at": span.opened_at,
        "cleared_at": span.cleared_at,
        "level": span.level,
        "first_value": span.first,
        "worst_value": span.worst,
        "reference": crossing.reference,
        "called": str(verdict.called) if verdict else None,
        "outcome": verdict.label if verdict else None,
    }
