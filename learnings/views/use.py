"""The pages that say that a learning was used, and withdraw that."""

from functools import partial

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_POST

from kit.rights import require, view_needs
from learnings.forms.use import LearningUseForm
from learnings.models import LearningUse
from learnings.operations import use as operations
from learnings.views.learning import address_of, learning_of
from pages import flows
from pages.flows import form_page
from people.permissions import SignedInRequest


@require_http_methods(["GET", "POST"])
@view_needs("learnings.learning_use")
def use_create(request: SignedInRequest, reference: str) -> HttpResponse:
    """Say that the reader used a learning. `?about=R-3` presets where."""
    learning = learning_of(request, reference)
    require(request.user, "learnings.learning_use", learning)
    initial = {"about": request.GET.get("about", "")[:24]}
    return flows.create(
        request,
        LearningUseForm(request.POST or None, user=request.user, initial=initial),
        operation=partial(operations.add, learning),
        address=lambda use: address_of(learning),
        show=form_page(request, "learnings/use_create.html", learning=learning),
        message="Recorded. Thank you",
    )


@require_POST
@view_needs("learnings.use_withdraw")
def use_withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    rows = LearningUse.objects.visible_to(request.user).select_related("learning__subject")
    use = get_object_or_404(rows, pk=pk)
    return flows.press(
        request,
        use,
        permission="learnings.use_withdraw",
        operation=operations.withdraw,
        address=address_of(use.learning),
        message="Withdrawn",
    )
