"""The pages of duplicates: the likely ones of a title, and closing a risk as a duplicate."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from catalogue.models import Model
from kit import clock, references
from kit.rights import view_needs
from pages import flows
from pages.answers import respond
from pages.forms import PageForm
from people.permissions import SignedInRequest
from risklog.forms.duplicate import MergeRiskForm
from risklog.models import Category
from risklog.operations import duplicate as operations
from risklog.queries import duplicate as queries
from risklog.queries import evidence
from risklog.queries import risk as risks
from signals.models import BreachGroup


@dataclass(frozen=True, slots=True)
class Draft:
    """A risk that is being written, for the panels of upper rooms."""

    title: str
    model: Model | None
    category: Category | None


@require_safe
@view_needs("risklog.risk_add")
def risk_like(request: SignedInRequest) -> HttpResponse:
    """Show live risks that may be duplicates of the title being typed (?title=, ?model=, ?category=).

    Upper rooms show what may help with such a risk. ?breach= takes the title and the model that a risk of
    this breach would have.
    """
    title, model = request.GET.get("title", ""), None
    reference, key = request.GET.get("breach", ""), request.GET.get("model", "")
    if reference:
        groups = BreachGroup.objects.visible_to(request.user).select_related("model")
        group = get_object_or_404(groups, subject__reference=reference.upper())
        title, model = evidence.of_group(group, at=clock.now()).title, group.model
    elif (model_id := references.as_id(key)) is not None:
        model = Model.objects.visible_to(request.user).filter(pk=model_id).first()
    category_id = references.as_id(request.GET.get("category", ""))
    category = Category.objects.filter(pk=category_id).first() if category_id is not None else None
    context = {
        "like": queries.likeliest(request.user, title, model=model),
        "draft": Draft(title, model, category),
        "title": title,
    }
    return respond(request, "risklog/risk_like.html", "like", context)


@require_http_methods(["GET", "POST"])
@view_needs("risklog.risk_close")
def risk_merge(request: SignedInRequest, reference: str) -> HttpResponse:
    """Choose the risk that this one is a duplicate of, read what will happen, and close it. ?into=R-7."""
    risk = get_object_or_404(risks.for_page(request.user), subject__reference=reference.upper())
    data = request.POST if request.method == "POST" else request.GET if "into" in request.GET else None

    def show(form: PageForm, status: int) -> HttpResponse:
        into = form.cleaned_data.get("into") if form.is_bound and form.is_valid() else None
        context = {
            "risk": risk,
            "form": form,
            "preview": queries.preview(request.user, risk, into) if into else None,
            "like": queries.likeliest(request.user, risk.title, model=risk.model, but=risk),
        }
        return respond(request, "risklog/risk_merge.html", None, context, status=status)

    return flows.step(
        request,
        risk,
        MergeRiskForm(data, risk=risk, user=request.user),
        permission="risklog.risk_close",
        operation=operations.merge,
        address=reverse("risklog:risk_detail", args=[risk.reference]),
        show=show,
        message=f"{risk.reference} is closed as a duplicate",
    )
