"""Teams, functions and the organisation."""

from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from history import queries as history
from kit import clock
from kit.refusals import Refused
from kit.rights import may, require, view_needs
from pages import flows
from pages.answers import go, respond, toast
from pages.flows import Show, form_page
from pages.forms import PageForm
from pages.listing import listing
from pages.requests import actor
from people import forms, queries
from people.filters import TEAMS
from people.models import Organisation, Team
from people.operations import organisation
from people.operations import team as operations
from people.permissions import SignedInRequest


@require_safe
@view_needs("people.team_view")
def team_list(request: SignedInRequest) -> HttpResponse:
    shown = listing(request, TEAMS, queries.teams_with_members())
    context = {"listing": shown, "page": shown.page}
    return respond(request, "people/team_list.html", "rows", context)


@require_safe
@view_needs("people.team_view")
def team_by_id(request: SignedInRequest, pk: int) -> HttpResponse:
    """Redirect to the page of a team. A subject knows the id of its team, not the slug."""
    return go(request, reverse("people:team_detail", args=[get_object_or_404(Team, pk=pk).slug]))


@require_safe
@view_needs("people.team_view")
def team_detail(request: SignedInRequest, slug: str) -> HttpResponse:
    return _page(request, _team(slug))


def address_of(team: Team) -> str:
    return reverse("people:team_detail", args=[team.slug])


@require_http_methods(["GET", "POST"])
@view_needs("people.administrate")
def team_create(request: SignedInRequest) -> HttpResponse:
    page_texts = {"title": "Add a team", "button": "Add team", "back": reverse("people:team_list")}
    return flows.create(
        request,
        forms.TeamForm(request.POST or None),
        operation=operations.add,
        address=address_of,
        show=form_page(request, "people/form.html", **page_texts),
        message="Team added. Now add its members.",
    )


@require_POST
@view_needs("people.administrate")
def team_change(request: SignedInRequest, slug: str) -> HttpResponse:
    team = _team(slug)
    return flows.edit(
        request,
        team,
        forms.TeamForm(request.POST, auto_id="id_t_%s"),
        permission="people.administrate",
        operation=operations.change,
        address=address_of(team),
        show=_page_with(request, slug, "change_form"),
    )


@require_POST
@view_needs("people.team_view")
def team_join(request: SignedInRequest, slug: str) -> HttpResponse:
    team = _team(slug)
    require(request.user, "people.team_change", team)
    return flows.create(
        request,
        forms.NewMember(request.POST, team=team),
        operation=partial(operations.join, team),
        address=lambda _: address_of(team),
        show=_page_with(request, slug, "member_form"),
        message="Member added",
    )


@require_POST
@view_needs("people.team_view")
def team_leave(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    team = _team(slug)
    require(request.user, "people.team_change", team)
    member = get_object_or_404(team.members, pk=pk)
    try:
        operations.leave(team, member, by=actor(request), at=clock.now())
    except Refused as refusal:
        return _page(request, team, 422, trouble=refusal.message)
    return toast(request, go(request, address_of(team)), "Member removed")


@require_http_methods(["GET", "POST"])
@view_needs("people.administrate")
def settings(request: SignedInRequest) -> HttpResponse:
    """Edit the organisation: name, time zone, working hours, digest and functions."""
    return flows.edit(
        request,
        ours := get_object_or_404(Organisation.objects.select_related("subject")),
        forms.OrganisationForm(request.POST or None, initial=forms.OrganisationForm.starting_from(ours)),
        permission="people.administrate",
        operation=organisation.change,
        address=reverse("people:settings"),
        show=lambda form, status: _settings(request, status, form=form),
    )


@require_POST
@view_needs("people.administrate")
def day_off_add(request: SignedInRequest) -> HttpResponse:
    return flows.create(
        request,
        forms.NewDayOff(request.POST, auto_id="id_d_%s"),
        operation=organisation.add_day_off,
        address=lambda _: reverse("people:settings"),
        show=lambda form, status: _settings(request, status, day_off_form=form),
        message="Day off added. Due times after it are planned again.",
    )


@require_POST
@view_needs("people.administrate")
def day_off_remove(request: SignedInRequest, day: str) -> HttpResponse:
    try:
        organisation.remove_day_off(date=queries.day_named(day), by=actor(request), at=clock.now())
    except Refused as refusal:
        return _settings(request, 422, trouble=refusal.message)
    return toast(request, go(request, reverse("people:settings")), "Day off removed")


def _settings(request: SignedInRequest, status: int = 200, **given: Any) -> HttpResponse:
    ours = get_object_or_404(Organisation.objects.select_related("subject"))
    context: dict[str, Any] = {
        "organisation": ours,
        "form": forms.OrganisationForm(initial=forms.OrganisationForm.starting_from(ours)),
        "function_form": forms.FunctionForm(),
        "functions": queries.functions(),
        "day_off_form": forms.NewDayOff(auto_id="id_d_%s"),
        "days_off": queries.coming_days_off(queries.local_day(clock.now())),
        "trouble": "",
    }
    return render(request, "people/settings.html", context | given, status=status)


@require_POST
@view_needs("people.administrate")
def function_create(request: SignedInRequest) -> HttpResponse:
    back = reverse("people:settings")
    page_texts = {"title": "Add a function", "button": "Add function", "back": back}
    return flows.create(
        request,
        forms.FunctionForm(request.POST),
        operation=organisation.add_function,
        address=lambda _: back,
        show=form_page(request, "people/form.html", **page_texts),
        message="Function added",
    )


def _page_with(request: SignedInRequest, slug: str, name: str) -> Show:
    """Return `show` for the page of a team: it gets the refused form under this name."""

    def show(form: PageForm, status: int) -> HttpResponse:
        return _page(request, _team(slug), status, **{name: form})

    return show


def _team(slug: str) -> Team:
    return get_object_or_404(queries.teams_with_members(), slug=slug)


def _page(request: SignedInRequest, found: Team, status: int = 200, **given: Any) -> HttpResponse:
    context: dict[str, Any] = {
        "team": found,
        "members": [membership.user for membership in found.memberships.all()],
        "timeline": list(history.timeline(found.subject_id).visible_to(request.user)[:50]),
        "may_administrate": may(request.user, "people.administrate"),
        "may_change": may(request.user, "people.team_change", found),
        "trouble": "",
    }
    if context["may_change"]:
        context["member_form"] = forms.NewMember(team=found)
    if context["may_administrate"]:
        now = {name: getattr(found, name) for name in ("name", "lead")}
        context["change_form"] = forms.TeamForm(initial=now, auto_id="id_t_%s")
    return render(request, "people/team_detail.html", context | given, status=status)
