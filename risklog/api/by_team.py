"""The comparison of teams by API."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from lists.specification import Reader
from rest.resource import SpecView
from risklog.filters.risk import RISKS
from risklog.queries.by_team import COUNTED, by_team


class TeamCountsRow(serializers.Serializer):
    """The live risks of one team."""

    team_slug = serializers.CharField(help_text="none: the risks without a team.")
    team_name = serializers.CharField()
    counts = serializers.DictField(
        child=serializers.IntegerField(), help_text=f"{', '.join(COUNTED)} -> number."
    )


class TeamCountsAnswer(serializers.Serializer):
    """A row for each team that has live risks, by name."""

    results = TeamCountsRow(many=True)


class RisksByTeam(SpecView):
    """Compare teams: how many live risks each has, and how many of them need attention."""

    permission = {"GET": "risklog.risk_view"}
    answers = {"GET": (200, TeamCountsAnswer)}
    spec = RISKS.whole()

    def get(self, request: Request) -> Response:
        selection = self.selection(request)
        found = by_team(selection, Reader(request.user, clock.today(), clock.now()))
        rows = [{"team_slug": team.slug, "team_name": team.name, "counts": team.counts} for team in found]
        return Response({"results": rows})


RESOURCES: list = [("risks/by_team", RisksByTeam)]
