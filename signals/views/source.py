"""Sources: the list, one with its deliveries and what to paste into the tool, adding and changing one."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from history.queries import timeline
from kit import clock
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, Refused
from kit.rights import may, require, view_needs
from pages.answers import go, respond, toast
from pages.once import once
from pages.requests import page_of, version_of
from signals.forms import NewSourceForm, SourceForm, seconds_of
from signals.models import Source
from signals.operations import source as operations
from signals.queries import configuration
from signals.queries import source as queries


@require_safe
@view_needs("signals.view")
def source_list(request: HttpRequest) -> HttpResponse:
    at = clock.now()
    rows = queries.with_troubles(queries.sources(), at=at).visible_to(request.user)
    page = page_of(rows, ("name", "id"), request)
    for source in page.rows:
        source.silent_for = queries.silent_for(source, at=at)
    context = {
        "page": page,
        "call": configuration.points_call() if not page.rows else "",
        "may_add": may(request.user, "signals.source_change"),
    }
    return respond(request, "signals/source_list.html", "rows", context)


def _found(request: HttpRequest, pk: int) -> Source:
    return get_object_or_404(queries.sources().visible_to(request.user), pk=pk)


@require_safe
@view_needs("signals.view")
def source_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What it sent, what became of it, and the configuration that makes a tool send."""
    source = _found(request, pk)
    sees_deliveries = may(request.user, "signals.delivery_view", source)
    context = {
        "source": source,
        "silent_for": queries.silent_for(source, at=clock.now()),
        "configuration": configuration.of(source),
        "series_count": queries.series_count(request.user, source),
        "page": page_of(queries.deliveries_of(source), ("-at", "-id"), request) if sees_deliveries else None,
        "may_change": may(request.user, "signals.source_change", source),
        "timeline": list(timeline(source.subject_id).visible_to(request.user)[:50]),
    }
    return respond(request, "signals/source_detail.html", None, context)


@require_http_methods(["GET", "POST"])
@view_needs("signals.source_change")
def source_create(request: HttpRequest) -> HttpResponse:
    """Add a source before its first body, to have its address and owner."""
    if request.method != "POST":
        return _create_form(request, NewSourceForm(user=request.user, initial={"owner": request.user.pk}))
    form = NewSourceForm(request.POST, user=request.user)
    if not form.is_valid():
        return _create_form(request, form, status=422)

    def act() -> str:
        made = operations.add(**form.values(), by=Actor(request.user, "page"), at=clock.now())
        return reverse("signals:source_detail", args=[made.pk])

    try:
        url = once(request, act)
    except Refused as refusal:
        form.take_in(refusal)
        return _create_form(request, form, status=422)
    return toast(request, go(request, url), "Source added")


def _create_form(request: HttpRequest, form: NewSourceForm, status: int = 200) -> HttpResponse:
    return respond(request, "signals/source_create.html", "form", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@view_needs("signals.source_change")
def source_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a source. When somebody else was first, both texts are shown and nothing is lost."""
    source = _found(request, pk)
    require(request.user, "signals.source_change", source)
    if request.method != "POST":
        return _edit_form(request, source, SourceForm.of(source, user=request.user))
    form, seen = SourceForm.of(source, request.POST, user=request.user), version_of(request)
    if not form.is_valid():
        return _edit_form(request, source, form, version=seen, status=422)
    try:
        operations.change(source, form.values(), by=Actor(request.user, "page"), at=clock.now(), seen=seen)
    except ChangedMeanwhile as conflict:
        present: Any = conflict.present
        told = {
            "mine": _told({"mapping": source.mapping} | form.values()),
            "theirs": _told(vars(present) | {"owner": present.owner}),
        }
        return _edit_form(request, source, form, version=present.version, status=409, **told)
    except Refused as refusal:
        form.take_in(refusal)
        return _edit_form(request, source, form, version=seen, status=422)
    return toast(request, go(request, reverse("signals:source_detail", args=[source.pk])), "Saved")


def _edit_form(
    request: HttpRequest,
    source: Source,
    form: SourceForm,
    *,
    version: int = 0,
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    context = {"source": source, "form": form, "version": version or source.version, **extra}
    return respond(request, "signals/source_edit.html", "form", context, status=status)


def _told(values: dict[str, Any]) -> str:
    """The fields of a source as lines, for the comparison of two texts."""
    every = values["expected_every"]
    return "\n".join(
        [
            f"Name: {values['name']}",
            f"Owner: {values['owner'] or 'unassigned'}",
            f"Interval: {seconds_of(every) + ' seconds' if every else 'irregular'}",
            f"Label mapping: {json.dumps(values['mapping'], ensure_ascii=False)}",
        ]
    )
