"""The page of the register checks: what is wrong in the register, with links to the risks and models."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from catalogue.queries import model_check
from kit.rights import view_needs
from pages.answers import respond
from pages.listing import reader_of, selection_of
from people.permissions import SignedInRequest
from risklog.filters.register_checks import REGISTER_CHECKS
from risklog.queries import register_checks as queries


@require_safe
@view_needs("risklog.risk_view")
def check_list(request: SignedInRequest) -> HttpResponse:
    """Show each check, with the number of risks or models that fail it and that this reader may see."""
    selection_of(request, REGISTER_CHECKS)  # refuses parameters, because the page has none
    reader = reader_of(request)
    results, of_models = queries.results(reader), model_check.results(reader)
    numbers = [*(result.number for result in results), *(result.number for result in of_models)]
    context = {
        "results": results,
        "of_models": of_models,
        "failed": sum(number > 0 for number in numbers),
        "number": len(numbers),
    }
    return respond(request, "risklog/check_list.html", None, context)
