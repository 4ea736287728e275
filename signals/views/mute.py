"""Mute a threshold on its page, and end a mute."""

from functools import partial

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from kit.rights import require, view_needs
from pages import flows
from pages.forms import PageForm
from people.permissions import SignedInRequest
from signals.forms.mute import MuteForm
from signals.models import Mute
from signals.operations import mute as operations
from signals.views.threshold import address_of, detail_page, load_threshold


@require_POST
@view_needs("signals.threshold_mute")
def mute_create(request: SignedInRequest, pk: int) -> HttpResponse:
    """Mute a threshold for a time. A refused mute shows the page of the threshold with its error."""
    threshold = load_threshold(request, pk)
    require(request.user, "signals.threshold_mute", threshold)

    def show(form: PageForm, status: int) -> HttpResponse:
        return detail_page(request, load_threshold(request, pk), status=status, mute_form=form)

    return flows.create(
        request,
        MuteForm(request.POST),
        operation=partial(operations.add, threshold),
        address=lambda mute: address_of(mute.threshold),
        show=show,
        message="Muted. Its crossings are recorded, but open no review.",
    )


@require_POST
@view_needs("signals.threshold_mute")
def mute_end(request: SignedInRequest, pk: int) -> HttpResponse:
    """End a mute before its time."""
    rows = Mute.objects.visible_to(request.user)
    rows = rows.select_related("threshold__subject", "threshold__source", "threshold__series__model")
    mute = get_object_or_404(rows, pk=pk)
    return flows.press(
        request,
        mute,
        permission="signals.threshold_mute",
        operation=operations.end,
        address=address_of(mute.threshold),
        message="The mute has ended",
    )
