"""The page that builds the mapping of a source of any JSON, and tries it before it is saved."""

import json
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from kit import clock
from kit.rights import require, view_needs
from pages import flows
from pages.answers import respond
from pages.requests import actor
from people.permissions import SignedInRequest
from signals.forms.generic_mapping import BuildMappingForm
from signals.mapping.presets import PRESETS
from signals.models import Source
from signals.operations import source as operations
from signals.operations import trial
from signals.operations.payload import SentBody
from signals.operations.trial import TrialOutcome
from signals.queries.sample_payload import sample_payload
from signals.views.source import address_of, visible_source


@require_http_methods(["GET", "POST"])
@view_needs("signals.source_change")
def source_mapping(request: SignedInRequest, pk: int) -> HttpResponse:
    """Build the mapping by clicking in a sample. “Try” shows the result of the sample and saves nothing."""
    source = visible_source(request, pk)
    require(request.user, "signals.source_change", source)
    form = _form(request, source)
    context: dict[str, Any] = {"source": source, "presets": PRESETS, "tried": None}

    def show(form: BuildMappingForm, status: int) -> HttpResponse:
        return respond(
            request, "signals/source_mapping.html", "form", {**context, "form": form}, status=status
        )

    if "try" in request.POST:
        is_valid = form.is_valid()
        context["tried"] = _tried(request, source, form) if is_valid else None
        return show(form, 200 if is_valid else 422)
    return flows.edit(
        request,
        source,
        form,
        permission="signals.source_change",
        operation=operations.change,
        address=address_of(source),
        show=show,
    )


def _form(request: SignedInRequest, source: Source) -> BuildMappingForm:
    """Return the form of the saved mapping, or of the preset that the address names."""
    preset = PRESETS.get(request.GET.get("preset", ""))
    mapping = preset.mapping if preset else source.mapping
    sample = sample_payload(source, at=clock.now())
    return BuildMappingForm.of(mapping, sample, request.POST or None)


def _tried(request: SignedInRequest, source: Source, form: BuildMappingForm) -> TrialOutcome:
    source.mapping = form.mapping()  # of this object only: a trial saves nothing
    body = form.cleaned_data["body"]
    sent = SentBody(body, json.dumps(body).encode(), {})
    return trial.try_out(source, sent, by=actor(request), at=clock.now())
