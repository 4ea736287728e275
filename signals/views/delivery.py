"""The pages of what a source sends: trying a payload, and taking a kept one again."""

from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_POST

from kit import clock
from kit.actor import Actor
from kit.rights import require, view_needs
from pages import flows
from pages.answers import respond
from pages.requests import actor
from people.permissions import SignedInRequest
from signals.forms.payload import TryForm
from signals.models import Source
from signals.operations import payload, trial
from signals.operations.payload import SentBody
from signals.queries import source as queries
from signals.queries.sample_payload import sample_payload
from signals.views.source import address_of, visible_source


@require_http_methods(["GET", "POST"])
@view_needs("signals.source_change")
def source_test(request: SignedInRequest, pk: int) -> HttpResponse:
    """Try a payload of a source: show what would become of each item. Nothing is stored."""
    source = visible_source(request, pk)
    require(request.user, "signals.source_change", source)
    at = clock.now()
    if request.method == "POST":
        form, status = TryForm(request.POST, source=source), 422
    else:
        form, status = TryForm(initial={"body": sample_payload(source, at=at)}, source=source), 200
    tried = None
    if form.is_bound and form.is_valid():
        sent = SentBody(form.cleaned_data["body"], b"", {"model": form.cleaned_data.get("model", "")})
        tried, status = trial.try_out(source, sent, by=actor(request), at=at), 200
    context = {"source": source, "form": form, "tried": tried}
    return respond(request, "signals/source_test.html", "form", context, status=status)


@require_POST
@view_needs("signals.source_change")
def delivery_replay(request: SignedInRequest, pk: int, number: int) -> HttpResponse:
    """Take the kept body of a delivery again, for example after its mapping was corrected."""
    source = visible_source(request, pk)
    delivery = get_object_or_404(queries.deliveries_of(source).select_related("source"), pk=number)

    def replay(source: Source, *, by: Actor, at: datetime, seen: int) -> None:
        taken = payload.replay(delivery, by=by, at=at)
        texts.append(taken.counts_text or taken.problem or "No items")

    texts: list[str] = []
    return flows.press(
        request,
        source,
        permission="signals.source_change",
        operation=replay,
        address=address_of(source),
        message=lambda: f"Replayed: {texts[0]}",
    )
