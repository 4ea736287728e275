"""The pages of decision rights."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalogue.filters.decision_right import DECISION_RIGHTS
from catalogue.forms.decision_right import NewRightForm, RightForm, WithdrawRightForm
from catalogue.models import DecisionRight
from catalogue.operations import decision_right as right_operations
from catalogue.queries import decision_right as right_queries
from history.queries import show
from kit.rights import may, view_needs
from pages import flows
from pages.answers import respond
from pages.flows import form_page
from pages.forms import PageForm
from pages.listing import listing, selection_of
from people.permissions import SignedInRequest


def address_of_right(right: DecisionRight) -> str:
    return reverse("catalogue:right_detail", args=[right.pk])


@require_safe
@view_needs("catalogue.right_view")
def right_list(request: SignedInRequest) -> HttpResponse:
    """Show who decides what. Withdrawn rights are shown only if the query asks for them."""
    selection = selection_of(request, DECISION_RIGHTS)
    rows = right_queries.decision_rights().visible_to(request.user)
    if "is_withdrawn" not in selection.values:
        rows = rows.filter(is_withdrawn=False)
    shown = listing(request, DECISION_RIGHTS, rows, selection=selection)
    context = {
        "listing": shown,
        "page": shown.page,
        "rights": show(request.user, shown.page.rows, "because"),
        "may_assign": may(request.user, "catalogue.right_assign"),
    }
    return respond(request, "catalogue/right_list.html", "rows", context)


def _right(request: SignedInRequest, pk: int) -> DecisionRight:
    right = get_object_or_404(right_queries.decision_rights().visible_to(request.user), pk=pk)
    show(request.user, [right], "because")
    return right


@require_safe
@view_needs("catalogue.right_view")
def right_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    return _right_page(request, _right(request, pk), WithdrawRightForm())


def _right_page(
    request: SignedInRequest, right: DecisionRight, form: PageForm, *, status: int = 200
) -> HttpResponse:
    """Show a right. form: of its withdrawal."""
    may_assign = may(request.user, "catalogue.right_assign", right) and not right.is_withdrawn
    context = {"right": right, "may_assign": may_assign, "form": form}
    return respond(request, "catalogue/right_detail.html", None, context, status=status)


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.right_assign")
def right_create(request: SignedInRequest) -> HttpResponse:
    """Assign a right. `?kind=`, `?model=` and `?team=` (numbers) preset the fields."""
    initial = {name: request.GET.get(name, "")[:20] for name in ("kind", "model", "team")}
    return flows.create(
        request,
        NewRightForm(request.POST or None, user=request.user, initial=initial),
        operation=right_operations.assign,
        address=address_of_right,
        show=form_page(request, "catalogue/right_create.html"),
        message="Decision right assigned",
    )


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.right_assign")
def right_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    right = _right(request, pk)
    return flows.edit(
        request,
        right,
        RightForm.of(right, request.POST or None, user=request.user),
        permission="catalogue.right_assign",
        operation=right_operations.change,
        address=address_of_right(right),
        show=form_page(request, "catalogue/right_edit.html", right=right),
    )


@require_POST
@view_needs("catalogue.right_assign")
def right_withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    right = _right(request, pk)
    return flows.step(
        request,
        right,
        WithdrawRightForm(request.POST),
        permission="catalogue.right_assign",
        operation=right_operations.withdraw,
        address=address_of_right(right),
        show=lambda form, status: _right_page(request, _right(request, pk), form, status=status),
        message="Decision right withdrawn",
    )
