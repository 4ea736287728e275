"""The page of the lineage of a model: drawn, and as tables."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from catalogue.lineage import BOX_HEIGHT, BOX_WIDTH, drawn
from catalogue.queries import lineage as queries
from catalogue.queries import model as model_queries
from kit.rights import view_needs
from pages.answers import respond
from people.permissions import SignedInRequest


@require_safe
@view_needs("catalogue.view")
def model_lineage(request: SignedInRequest, slug: str) -> HttpResponse:
    model = get_object_or_404(model_queries.models().visible_to(request.user), slug=slug)
    data, versions = queries.of_data(request.user, model), queries.of_versions(request.user, model)
    context = {
        "model": model,
        "data": data,
        "data_drawing": drawn(data.nodes, data.edges),
        "versions": versions,
        "versions_drawing": drawn(versions.nodes, versions.edges),
        "most": queries.MOST_VERSIONS,
        "box": {"width": BOX_WIDTH, "height": BOX_HEIGHT},
    }
    return respond(request, "catalogue/model_lineage.html", None, context)
