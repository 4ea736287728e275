"""The comparison of teams: a row for each team, and each number leads to its risks."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from kit.rights import view_needs
from pages.answers import respond
from pages.listing import reader_of, selection_of
from people.permissions import SignedInRequest
from risklog.filters.risk import RISK_LIST, RISKS, high_label
from risklog.queries.by_team import COUNTED, by_team


@require_safe
@view_needs("risklog.risk_view")
def team_comparison(request: SignedInRequest) -> HttpResponse:
    """Show the live risks of each team by what needs attention. The address may filter the risks."""
    selection = selection_of(request, RISKS)
    texts = {name: text for name, text in selection.texts.items() if name in RISKS.filters}

    def address(team: str, query: str) -> str:
        changes = {**RISK_LIST.read(query).texts, "team": team, "order": None, "columns": None}
        return RISK_LIST.address(selection.query(**changes))

    rows = [
        (
            team.name,
            [(team.counts[name], address(team.slug, query)) for name, (_, query) in COUNTED.items()],
        )
        for team in by_team(selection, reader_of(request))
    ]
    context = {
        "labels": [high_label() if name == "high" else label for name, (label, _) in COUNTED.items()],
        "rows": rows,
        "chips": RISKS.chips(selection) if texts else [],
    }
    return respond(request, "risklog/team_comparison.html", None, context)
