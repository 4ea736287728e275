"""The pages of change requests: the list, one request, open, edit, and its steps."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalogue.filters.change_request import CHANGE_REQUESTS
from catalogue.forms.change_request import (
    ChangeEffectForm,
    ChangeRequestForm,
    NewChangeRequestForm,
    SettleChangeForm,
    SignForm,
)
from catalogue.models import ChangeRequest, Model
from catalogue.models.change_request import MAX_TITLE
from catalogue.operations import change_request as change_operations
from catalogue.queries import change_request as change_queries
from kit.rights import may, view_needs
from pages import flows
from pages.answers import respond
from pages.flows import form_page
from pages.forms import PageForm
from pages.listing import listing
from people.permissions import SignedInRequest

# A step in an address -> its form, operation, permission and toast.
STEPS: dict[str, tuple[type[PageForm], Any, str, str]] = {
    "sign": (SignForm, change_operations.sign, "catalogue.change_sign", "{} signed off"),
    "decline": (SettleChangeForm, change_operations.decline, "catalogue.change_sign", "{} declined"),
    "withdraw": (SettleChangeForm, change_operations.withdraw, "catalogue.change_edit", "{} withdrawn"),
    "check": (
        ChangeEffectForm,
        change_operations.check_effect,
        "catalogue.change_edit",
        "Effect of {} recorded",
    ),
}


def address_of_change(change: ChangeRequest) -> str:
    return reverse("catalogue:change_detail", args=[change.reference])


@require_safe
@view_needs("catalogue.view")
def change_list(request: SignedInRequest) -> HttpResponse:
    rows = change_queries.change_requests().visible_to(request.user)
    shown = listing(request, CHANGE_REQUESTS, rows)
    may_add = may(request.user, "catalogue.change_add")
    context = {"listing": shown, "page": shown.page, "may_add": may_add}
    return respond(request, "catalogue/change_list.html", "rows", context)


def _change(request: SignedInRequest, reference: str) -> ChangeRequest:
    rows = change_queries.change_requests().visible_to(request.user)
    return change_queries.set_signer(get_object_or_404(rows, subject__reference=reference.upper()))


@require_safe
@view_needs("catalogue.view")
def change_detail(request: SignedInRequest, reference: str) -> HttpResponse:
    return _detail(request, _change(request, reference))


def _detail(
    request: SignedInRequest,
    change: ChangeRequest,
    *,
    refused: str = "",
    form: PageForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show a request. refused, form: the step that was refused, with its form."""
    forms = {step: form if step == refused and form else STEPS[step][0]() for step in STEPS}
    context = {
        "change": change,
        "signer": change.signer,
        "sign_off": change_queries.sign_off(change),
        "may_edit": may(request.user, "catalogue.change_edit", change),
        "may_sign": may(request.user, "catalogue.change_sign", change),
        "refused": refused,
        "forms": forms,
    }
    return respond(request, "catalogue/change_detail.html", None, context, status=status)


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.change_add")
def change_create(request: SignedInRequest) -> HttpResponse:
    """Open a change request. `?model=` (a slug), `?kind=`, `?title=` and `?details=` preset the fields."""
    slug = request.GET.get("model", "")[:120]
    model = Model.objects.visible_to(request.user).filter(slug=slug).first() if slug else None
    sizes = {"kind": 20, "title": MAX_TITLE, "details": 2000}
    initial = {"model": model, **{name: request.GET.get(name, "")[:size] for name, size in sizes.items()}}
    return flows.create(
        request,
        NewChangeRequestForm(request.POST or None, user=request.user, initial=initial),
        operation=change_operations.open,
        address=address_of_change,
        show=form_page(request, "catalogue/change_create.html"),
        message="Change request opened",
    )


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.change_edit")
def change_edit(request: SignedInRequest, reference: str) -> HttpResponse:
    change = _change(request, reference)
    return flows.edit(
        request,
        change,
        ChangeRequestForm.of(change, request.POST or None),
        permission="catalogue.change_edit",
        operation=change_operations.change,
        address=address_of_change(change),
        show=form_page(request, "catalogue/change_edit.html", change=change),
    )


@require_POST
@view_needs("catalogue.change_add")
def change_step(request: SignedInRequest, reference: str, step: str) -> HttpResponse:
    """Sign off, decline or withdraw a request, or record its effect."""
    change = _change(request, reference)
    form, operation, permission, message = STEPS[step]

    def show(form: PageForm, status: int) -> HttpResponse:
        return _detail(request, _change(request, reference), refused=step, form=form, status=status)

    return flows.step(
        request,
        change,
        form(request.POST),
        permission=permission,
        operation=operation,
        address=address_of_change(change),
        show=show,
        message=message.format(change.reference),
    )
