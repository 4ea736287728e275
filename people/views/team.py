"""Teams, functions and the organisation."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from history import queries as history
from kit import clock
from kit.refusals import Refused
from kit.rights import may, require, view_needs
from pages.answers import go, respond, toast
from pages.requests import page_of
from people import forms, queries
from people.models import Team
from people.operations import organisation, team
from people.views.saving import by, form_page, save


@view_needs("people.team_view")
@require_safe
def team_list(request: HttpRequest) -> HttpResponse:
    page = page_of(queries.teams_with_members(), ("name", "id"), request)
    return respond(request, "people/team_list.html", "rows", {"page": page})


@view_needs("people.team_view")
@require_safe
def team_by_id(request: HttpRequest, pk: int) -> HttpResponse:
    """Redirect to the page of a team. A subject knows the id of its team, not the slug."""
    return go(request, reverse("people:team_detail", args=[get_object_or_404(Team, pk=pk).slug]))


@view_needs("people.team_view")
@require_safe
def team_detail(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(request, _team(slug))


@view_needs("people.administrate")
@require_http_methods(["GET", "POST"])
def team_create(request: HttpRequest) -> HttpResponse:
    def page(form: Any, status: int = 200) -> HttpResponse:
        back = reverse("people:team_list")
        return form_page(request, form, title="Add a team", button="Add team", back=back, status=status)

    if request.method == "GET":
        return page(forms.TeamForm())
    return save(
        request,
        forms.TeamForm(request.POST),
        lambda said: team.add(name=said["name"], lead=said["lead"], by=by(request), at=clock.now()),
        said="Team added. Now add its members.",
        then=lambda made: reverse("people:team_detail", args=[made.slug]),
        again=page,
    )


@view_needs("people.administrate")
@require_POST
def team_change(request: HttpRequest, slug: str) -> HttpResponse:
    found = _team(slug)

    def act(said: dict[str, Any]) -> None:
        values = {"name": said["name"], "lead": said["lead"]}
        team.change(found, values, by=by(request), at=clock.now(), seen=said["version"])

    return save(
        request,
        forms.TeamForm(request.POST),
        act,
        said="Saved",
        then=lambda _: reverse("people:team_detail", args=[slug]),
        again=lambda form, status: _page(request, _team(slug), status, change_form=form),
    )


@view_needs("people.team_view")
@require_POST
def team_join(request: HttpRequest, slug: str) -> HttpResponse:
    found = _team(slug)
    require(request.user, "people.team_change", found)
    return save(
        request,
        forms.NewMember(request.POST, team=found),
        lambda said: team.join(found, said["user"], by=by(request), at=clock.now()),
        said="Member added",
        then=lambda _: reverse("people:team_detail", args=[slug]),
        again=lambda form, status: _page(request, _team(slug), status, member_form=form),
    )


@view_needs("people.team_view")
@require_POST
def team_leave(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found = _team(slug)
    require(request.user, "people.team_change", found)
    member = get_object_or_404(found.members, pk=pk)
    try:
        team.leave(found, member, by=by(request), at=clock.now())
    except Refused as refusal:
        return _page(request, found, 422, trouble=refusal.message)
    return toast(request, go(request, reverse("people:team_detail", args=[slug])), "Member removed")


@view_needs("people.administrate")
@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    """Edit the organisation: name, time zone, working hours, digest and functions."""
    found = queries.organisation()
    here = reverse("people:settings")

    def page(form: Any, status: int = 200) -> HttpResponse:
        context = {"form": form, "function_form": forms.FunctionForm(), "functions": queries.functions()}
        return render(request, "people/settings.html", context, status=status)

    if request.method == "GET":
        start = forms.OrganisationForm.starting_from(found) if found else None
        return page(forms.OrganisationForm(initial=start))

    def act(said: dict[str, Any]) -> None:
        seen = said.pop("version")
        if found is None:
            raise Refused("The organisation is not set up yet. Open the set-up link.")
        organisation.change(found, said, by=by(request), at=clock.now(), seen=seen)

    return save(
        request,
        forms.OrganisationForm(request.POST),
        act,
        said="Saved",
        then=lambda _: here,
        again=page,
    )


@view_needs("people.administrate")
@require_POST
def function_create(request: HttpRequest) -> HttpResponse:
    back = reverse("people:settings")
    return save(
        request,
        forms.FunctionForm(request.POST),
        lambda said: organisation.add_function(name=said["name"], by=by(request), at=clock.now()),
        said="Function added",
        then=lambda _: back,
        again=lambda form, status: form_page(
            request, form, title="Add a function", button="Add function", back=back, status=status
        ),
    )


def _team(slug: str) -> Team:
    return get_object_or_404(queries.teams_with_members(), slug=slug)


def _page(request: HttpRequest, found: Team, status: int = 200, **given: Any) -> HttpResponse:
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
        now = {name: getattr(found, name) for name in ("version", "name", "lead")}
        context["change_form"] = forms.TeamForm(initial=now, auto_id="id_t_%s")
    return render(request, "people/team_detail.html", context | given, status=status)
