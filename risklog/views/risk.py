"""The pages of one risk: raised, shown, edited, opened to some or to all."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions import queries as actions
from history.queries import timeline_of_related, with_related
from kit import clock
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, Refused
from kit.rights import may, require, view_needs
from pages.answers import go, respond, toast
from pages.once import once
from pages.requests import version_of
from people import queries as people
from risklog import scoring
from risklog.forms.risk import EDITED, EditRiskForm, NewRiskForm, SightForm
from risklog.models import Risk
from risklog.operations import risk as operations
from risklog.queries import escalation as escalations
from risklog.queries import review as reviews
from risklog.queries import risk as queries
from risklog.states import RiskState
from risklog.views.charts import evidence
from risklog.views.step import ONWARD, steps_for
from signals.models import BreachGroup

TIMELINE_SIZE = 50


def visible(request: HttpRequest, reference: str) -> Risk:
    """The risk of this address, or the answer a risk that does not exist gets."""
    return get_object_or_404(queries.for_page(request.user), subject__reference=reference.upper())


def mark(form: Any, refusal: Refused) -> None:
    """A refusal on the field it names, or on the form."""
    form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)


@view_needs("risklog.risk_view")
@require_safe
def risk_detail(request: HttpRequest, reference: str) -> HttpResponse:
    user, at = request.user, clock.now()
    rows = queries.for_page(user).select_related("model__owner_team")
    rows = rows.annotate(open_to=people.teams_named("subject__viewers"))
    risk = get_object_or_404(
        with_related(rows, "breach_group__subject_id"), subject__reference=reference.upper()
    )
    may_change = may(user, "risklog.risk_change", risk)
    context = {
        "risk": risk,
        "level": scoring.level(risk.severity),
        "inherent": scoring.score(risk.likelihood, risk.impact),
        "likelihood": scoring.LIKELIHOODS[risk.residual_likelihood or risk.likelihood],
        "impact": scoring.IMPACTS[risk.residual_impact or risk.impact],
        "chart": evidence(user, risk, at=at),
        "model": risk.model if risk.model and risk.model.subject.is_visible_to(user) else None,
        "breach": risk.breach_group
        if risk.breach_group and risk.breach_group.subject.is_visible_to(user)
        else None,
        "teams": risk.open_to,
        "may_change": may_change,
        "steps": steps_for(user, risk),
        "onward": ONWARD[RiskState(risk.state)],
        "is_look_due": bool(risk.review_on and risk.review_on <= timezone.localdate()),
        "panel": actions.of_subjects(user, risk.related, new_for=risk.reference),
        "reviews": reviews.of_subject(user, risk),
        "escalation": escalations.rail(user, risk, at=at),
        "may_raise": may(user, "risklog.escalation_raise"),
        "timeline": list(timeline_of_related(risk.related, risk.subject_id).visible_to(user)[:TIMELINE_SIZE]),
        "likelihoods": scoring.LIKELIHOODS.items(),
        "impacts": scoring.IMPACTS.items(),
    }
    return respond(request, "risklog/risk_detail.html", None, context)


@view_needs("risklog.risk_add")
@require_http_methods(["GET", "POST"])
def risk_new(request: HttpRequest) -> HttpResponse:
    """Five fields open a risk."""
    if request.method != "POST":
        initial = {"model": request.GET.get("model"), "category": request.GET.get("category")}
        return _new_form(request, NewRiskForm(user=request.user, initial=initial))
    form = NewRiskForm(request.POST, user=request.user)
    if not form.is_valid():
        return _new_form(request, form, status=422)

    def act() -> str:
        risk = operations.add(**form.values(), by=Actor(request.user, "page"), at=clock.now())
        return reverse("risklog:risk_detail", args=[risk.reference])

    try:
        url = once(request, act)
    except Refused as refusal:
        mark(form, refusal)
        return _new_form(request, form, status=422)
    return toast(request, go(request, url), "Risk created. Thank you for reporting it.")


def _new_form(request: HttpRequest, form: NewRiskForm, status: int = 200) -> HttpResponse:
    return respond(request, "risklog/risk_new.html", "form", {"form": form}, status=status)


@view_needs("risklog.risk_add")
@require_safe
def risk_like(request: HttpRequest) -> HttpResponse:
    """Live risks that a title being written may be a duplicate of."""
    title = request.GET.get("title", "").replace("\x00", "")
    context = {"like": queries.like(request.user, title), "title": title}
    return respond(request, "risklog/risk_like.html", "like", context)


@view_needs("risklog.risk_add")
@require_POST
def risk_from_breach(request: HttpRequest, reference: str) -> HttpResponse:
    """Make a breach a risk, in one click."""
    rows = BreachGroup.objects.visible_to(request.user).select_related(
        "subject", "model__subject", "model__owner_team"
    )
    group = get_object_or_404(rows, subject__reference=reference.upper())
    try:
        risk = operations.add_from_breach(group, by=Actor(request.user, "page"), at=clock.now())
    except Refused as refusal:
        return toast(request, go(request, reverse("risklog:risk_new")), refusal.message)
    url = reverse("risklog:risk_detail", args=[risk.reference])
    return toast(request, go(request, url), f"{risk.reference} created from the evidence. Please check it.")


@view_needs("risklog.risk_change")
@require_http_methods(["GET", "POST"])
def risk_edit(request: HttpRequest, reference: str) -> HttpResponse:
    """All fields. A post of some of them changes those: the properties beside the risk use it one by one."""
    risk = visible(request, reference)
    require(request.user, "risklog.risk_change", risk)
    if request.method != "POST":
        return _edit_form(request, risk, EditRiskForm(risk=risk, user=request.user))
    only = tuple(name for name in EDITED if name in request.POST) or EDITED
    form = EditRiskForm(request.POST, risk=risk, user=request.user, only=only)
    if not form.is_valid():
        return _edit_form(request, risk, form, version=version_of(request), status=422)
    try:
        operations.change(
            risk,
            form.values(),
            by=Actor(request.user, "page"),
            at=clock.now(),
            seen=version_of(request),
        )
    except ChangedMeanwhile as conflict:
        present = queries.for_page(request.user).get(pk=risk.pk)
        extra = {"mine": _told(form.values()), "theirs": _told_of(present, only)}
        return _edit_form(request, risk, form, version=conflict.present.version, status=409, **extra)
    except Refused as refusal:
        mark(form, refusal)
        return _edit_form(request, risk, form, version=version_of(request), status=422)
    return toast(request, go(request, reverse("risklog:risk_detail", args=[reference])), "Saved")


def _edit_form(
    request: HttpRequest, risk: Risk, form: EditRiskForm, *, version: int = 0, status: int = 200, **extra: Any
) -> HttpResponse:
    context = {
        "risk": risk,
        "form": form,
        "is_whole": len(form.fields) == len(EDITED),
        "version": version or risk.version,
        "mine": "",
        "theirs": "",
        **extra,
    }
    return respond(request, "risklog/risk_edit.html", "form", context, status=status)


def sight_form(risk: Risk, data: Any = None) -> SightForm:
    teams = [team.object_id for team in queries.teams_of(risk)]
    is_open = risk.subject.viewers is None
    return SightForm(data, initial={"who": "all" if is_open else "teams", "teams": teams})


@view_needs("risklog.risk_change")
@require_http_methods(["GET", "POST"])
def risk_sight(request: HttpRequest, reference: str) -> HttpResponse:
    """Open it to everyone, or to some teams."""
    risk = visible(request, reference)
    require(request.user, "risklog.risk_change", risk)
    if request.method != "POST":
        return _sight(request, risk, sight_form(risk))
    form = sight_form(risk, request.POST)
    if not form.is_valid():
        return _sight(request, risk, form, status=422)
    try:
        operations.restrict(
            risk,
            teams=form.chosen(),
            by=Actor(request.user, "page"),
            at=clock.now(),
            seen=version_of(request),
        )
    except Refused as refusal:
        mark(form, refusal)
        return _sight(request, risk, form, status=409 if isinstance(refusal, ChangedMeanwhile) else 422)
    still = Risk.objects.visible_to(request.user).filter(pk=risk.pk).exists()
    url = reverse("risklog:risk_detail", args=[reference]) if still else reverse("risklog:risk_list")
    said = "Saved" if still else f"{risk.reference} is restricted. You can no longer see it."
    return toast(request, go(request, url), said)


def _sight(request: HttpRequest, risk: Risk, form: SightForm, status: int = 200) -> HttpResponse:
    context = {"risk": risk, "sight_form": form, "version": risk.version}
    return respond(request, "risklog/risk_sight.html", "sight", context, status=status)


def _told(values: dict[str, Any]) -> str:
    """Fields as lines, for the comparison of two texts."""
    labels = EditRiskForm.base_fields
    lines = []
    for name in EDITED:
        if name in values:
            value = values[name]
            words = ", ".join(value) if isinstance(value, list) else value
            lines.append(
                f"{labels[name].label or name.capitalize()}: {'nothing' if words in (None, '') else words}"
            )
    return "\n".join(lines)


def _told_of(risk: Risk, only: tuple[str, ...]) -> str:
    return _told({name: getattr(risk, name) for name in only})
