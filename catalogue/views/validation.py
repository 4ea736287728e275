"""The pages of validations: the list, one validation, open, edit, its checklist and its steps."""

from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalogue.filters.validation import VALIDATIONS
from catalogue.forms.validation import (
    ChecklistForm,
    ConcludeForm,
    FindingForm,
    ValidationForm,
    WithdrawValidationForm,
)
from catalogue.models import Validation
from catalogue.operations import validation as operations
from catalogue.queries import model as model_queries
from catalogue.queries import validation as queries
from kit.rights import may, require, view_needs
from pages import flows
from pages.answers import respond
from pages.flows import form_page
from pages.forms import PageForm
from pages.listing import listing
from people.permissions import SignedInRequest

PERMISSION = "catalogue.validation_change"
# A step in an address -> its operation and toast.
STEPS: dict[str, tuple[Any, str]] = {
    "conclude": (operations.conclude, "Result recorded"),
    "withdraw": (operations.withdraw, "Validation withdrawn"),
    "finding": (operations.add_finding, "Finding added"),
}


def address_of_validation(validation: Validation) -> str:
    return reverse("catalogue:validation_detail", args=[validation.pk])


@require_safe
@view_needs("catalogue.view")
def validation_list(request: SignedInRequest) -> HttpResponse:
    shown = listing(request, VALIDATIONS, queries.validations().visible_to(request.user))
    context = {"listing": shown, "page": shown.page}
    return respond(request, "catalogue/validation_list.html", "rows", context)


def _validation(request: SignedInRequest, pk: int) -> Validation:
    return get_object_or_404(queries.validations().visible_to(request.user), pk=pk)


@require_safe
@view_needs("catalogue.view")
def validation_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    return _detail(request, _validation(request, pk))


def _forms(request: SignedInRequest, data: Any = None) -> dict[str, PageForm]:
    return {
        "finding": FindingForm(data, user=request.user),
        "conclude": ConcludeForm(data),
        "withdraw": WithdrawValidationForm(data),
    }


def _detail(
    request: SignedInRequest,
    validation: Validation,
    *,
    refused: str = "",
    form: PageForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show a validation. refused, form: the step that was refused, with its form."""
    forms = _forms(request) | ({refused: form} if refused and form else {})
    context = {
        "validation": validation,
        "model": validation.model,
        "findings": queries.findings_of(request.user, validation),
        "may_change": validation.is_open and may(request.user, PERMISSION, validation),
        "refused": refused,
        "forms": forms,
    }
    return respond(request, "catalogue/validation_detail.html", None, context, status=status)


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.model_change")
def validation_create(request: SignedInRequest, slug: str) -> HttpResponse:
    """Open a validation of a model, filled in from what triggers it."""
    model = get_object_or_404(model_queries.models().visible_to(request.user), slug=slug)
    require(request.user, "catalogue.model_change", model)
    initial = {
        "validated_by": model.validator_id,
        "trigger": model.validate_why,
        "due_on": model.validate_on,
    }
    return flows.create(
        request,
        ValidationForm(request.POST or None, model=model, user=request.user, initial=initial),
        operation=partial(operations.open, model),
        address=address_of_validation,
        show=form_page(request, "catalogue/validation_create.html", model=model),
        message="Validation opened",
    )


@require_http_methods(["GET", "POST"])
@view_needs(PERMISSION)
def validation_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    validation = _validation(request, pk)
    form = ValidationForm.of(validation, request.POST or None, user=request.user)
    return _edit(request, validation, form, "Edit")


@require_http_methods(["GET", "POST"])
@view_needs(PERMISSION)
def validation_checklist(request: SignedInRequest, pk: int) -> HttpResponse:
    validation = _validation(request, pk)
    form = ChecklistForm(request.POST or None, validation=validation)
    return _edit(request, validation, form, "Checklist")


def _edit(request: SignedInRequest, validation: Validation, form: PageForm, heading: str) -> HttpResponse:
    return flows.edit(
        request,
        validation,
        form,
        permission=PERMISSION,
        operation=operations.change,
        address=address_of_validation(validation),
        show=form_page(request, "catalogue/validation_edit.html", validation=validation, heading=heading),
    )


@require_POST
@view_needs(PERMISSION)
def validation_step(request: SignedInRequest, pk: int, step: str) -> HttpResponse:
    """Add a finding, record the result, or withdraw the validation."""
    validation = _validation(request, pk)
    operation, message = STEPS[step]

    def show(form: PageForm, status: int) -> HttpResponse:
        return _detail(request, _validation(request, pk), refused=step, form=form, status=status)

    return flows.step(
        request,
        validation,
        _forms(request, request.POST)[step],
        permission=PERMISSION,
        operation=operation,
        address=address_of_validation(validation),
        show=show,
        message=message,
    )
