"""The ladders, for everybody to read, and for risk managers to change."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from history.queries import timeline
from kit import clock
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, Refused
from kit.rights import may, require, view_needs
from pages.answers import go, respond, toast
from pages.once import once
from pages.requests import version_of
from people import queries as people
from risklog.forms.ladder import LadderForm, NewLadderForm, rung_forms
from risklog.models import Ladder
from risklog.operations import ladder as operations
from risklog.queries import escalation as escalation_queries
from risklog.queries import ladder as queries
from risklog.states import Who


@require_safe
@view_needs("risklog.ladder_view")
def ladder_list(request: HttpRequest) -> HttpResponse:
    """Every ladder, and who would hear when if something of a team were raised now."""
    teams, at = list(people.teams()), clock.now()
    chosen = next((one for one in teams if str(one.pk) == request.GET.get("team")), None)
    ladders = list(queries.for_pages(request.user))
    rehearsed = queries.rehearse([(_rungs(one), one.team or chosen) for one in ladders], at=at)
    for ladder, calls in zip(ladders, rehearsed, strict=True):
        ladder.calls = calls[::-1]  # type: ignore[attr-defined]
    context = {
        "ladders": ladders,
        "teams": teams,
        "team": chosen,
        "counts": escalation_queries.tab_counts(request.user),
        "may_change": may(request.user, "risklog.ladder_change"),
    }
    return respond(request, "risklog/ladder_list.html", "list", context)


def _rungs(ladder: Ladder) -> list[Any]:
    return list(ladder.in_force[0].rungs.all())  # type: ignore[attr-defined]


def _found(request: HttpRequest, pk: int) -> Ladder:
    return get_object_or_404(queries.for_pages(request.user), pk=pk)


@require_safe
@view_needs("risklog.ladder_view")
def ladder_by_id(request: HttpRequest, pk: int) -> HttpResponse:
    """One ladder stands on the page of all."""
    ladder = get_object_or_404(Ladder.objects.visible_to(request.user), pk=pk)
    return go(request, f"{reverse('risklog:ladder_list')}#ladder-{ladder.pk}")


@require_http_methods(["GET", "POST"])
@view_needs("risklog.ladder_change")
def ladder_create(request: HttpRequest) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form, rungs = NewLadderForm(data), rung_forms(data)
    if data is None:
        return _edit(request, None, form, rungs)
    if not (form.is_valid() & rungs.is_valid()):
        return _edit(request, None, form, rungs, status=422)

    def act() -> str:
        by = Actor(request.user, "page")
        operations.add(**form.cleaned_data, rungs=rungs.rungs(), by=by, at=clock.now())
        return reverse("risklog:ladder_list")

    try:
        url = once(request, act)
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        return _edit(request, None, form, rungs, status=422)
    return toast(request, go(request, url), "Ladder created")


@require_http_methods(["GET", "POST"])
@view_needs("risklog.ladder_change")
def ladder_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A change is a new version: what climbs already keeps the one it started with."""
    ladder = _found(request, pk)
    require(request.user, "risklog.ladder_change", ladder)
    if request.method != "POST":
        return _edit(
            request, ladder, LadderForm(initial={"name": ladder.name}), rung_forms(rungs=_rungs(ladder))
        )
    form, rungs = LadderForm(request.POST), rung_forms(request.POST)
    if not (form.is_valid() & rungs.is_valid()):
        return _edit(request, ladder, form, rungs, status=422)
    try:
        operations.change_rungs(
            ladder,
            rungs.rungs(),
            name=form.cleaned_data["name"],
            by=Actor(request.user, "page"),
            at=clock.now(),
            seen=version_of(request),
        )
    except ChangedMeanwhile:
        texts = {"mine": _words(rungs.rungs()), "theirs": _words_of(_found(request, pk))}
        return _edit(request, _found(request, pk), form, rungs, status=409, **texts)
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        return _edit(request, ladder, form, rungs, status=422)
    return toast(request, go(request, reverse("risklog:ladder_list")), "New version saved")


@require_POST
@view_needs("risklog.ladder_change")
def ladder_retire(request: HttpRequest, pk: int) -> HttpResponse:
    ladder = _found(request, pk)
    require(request.user, "risklog.ladder_change", ladder)
    try:
        operations.retire(ladder, by=Actor(request.user, "page"), at=clock.now(), seen=version_of(request))
    except Refused as refusal:
        return toast(request, go(request, reverse("risklog:ladder_list")), refusal.message)
    return toast(request, go(request, reverse("risklog:ladder_list")), f"“{ladder.name}” is retired")


def _edit(
    request: HttpRequest, ladder: Ladder | None, form: Any, rungs: Any, *, status: int = 200, **extra: Any
) -> HttpResponse:
    events = timeline(ladder.subject_id).visible_to(request.user)[:20] if ladder else []
    context = {"ladder": ladder, "form": form, "rungs": rungs, "timeline": list(events), **extra}
    return respond(request, "risklog/ladder_edit.html", "form", context, status=status)


def _words(rungs: list[dict[str, Any]]) -> str:
    """The rungs as lines, for the comparison of two texts."""
    return "\n".join(
        f"{number}. {one['function'] or one['person'] or Who(one['who']).label}"
        f" within {queries.length(one['within_minutes'])}"
        for number, one in enumerate(rungs, start=1)
    )


def _words_of(ladder: Ladder) -> str:
    names = ("who", "function", "person", "within_minutes")
    return _words([{name: getattr(rung, name) for name in names} for rung in _rungs(ladder)])
