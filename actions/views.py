"""The pages of actions: list, board, one action, its forms and its steps."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions import queries
from actions.forms import EDITED, ActionForm, Narrow, NewActionForm
from actions.models import Action
from actions.operations import action as operations
from actions.states import MOVES, State
from history.queries import timeline
from kit import clock
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from kit.rights import may, require, view_needs
from pages.answers import go, respond, toast
from pages.once import once
from pages.requests import page_of, version_of

ORDERS = {
    "due": ("due_order", "id"),
    "-due": ("-due_order", "-id"),
    "title": ("title", "id"),
    "-title": ("-title", "-id"),
    "made": ("made_at", "id"),
    "-made": ("-made_at", "-id"),
}
COLUMNS = (State.OPEN, State.DOING, State.BLOCKED, State.DONE)
COLUMN_SIZE = 50
DONE_SHOWN = timedelta(days=14)
# The address of a step -> the state it leads to, and how it is told.
STEPS = {
    "start": (State.DOING, "{} started"),
    "put-back": (State.OPEN, "{} moved to open"),
    "block": (State.BLOCKED, "{} marked as blocked"),
    "finish": (State.DONE, "{} completed"),
    "drop": (State.DROPPED, "{} dropped"),
    "reopen": (State.OPEN, "{} reopened"),
}


@require_safe
@view_needs("actions.action_see")
def action_list(request: HttpRequest) -> HttpResponse:
    """The list: tabs, filters, one page."""
    today = timezone.localdate()
    tab = request.GET.get("show")
    tab = tab if tab in queries.TABS else "mine"
    narrow = Narrow(request.GET)
    rows = narrow.applied(
        queries.in_tab(request.user, tab, today=today), today=today, week_ends=today + timedelta(days=7)
    )
    latest_first = "-made" if tab == "done" else "due"
    sort = request.GET.get("sort")
    page = page_of(rows, ORDERS.get(sort or "", ORDERS[latest_first]), request)
    _prepared(request.user, page.rows)
    context = {
        "tab": tab,
        "counts": queries.tab_counts(request.user, today=today),
        "narrow": narrow,
        "page": page,
        "latest_first": latest_first,
        "may_add": may(request.user, "actions.action_add"),
    }
    return respond(request, "actions/action_list.html", "list", context)


def _prepared(user: Any, rows: Any) -> Any:
    """Rows that know what this reader may see and do of them."""
    for row in queries.sighted(user, rows):
        row.is_mine_to_change = may(user, "actions.action_change", row)
    return rows


@require_safe
@view_needs("actions.action_see")
def action_board(request: HttpRequest) -> HttpResponse:
    """Open, doing, blocked, and what was done of late."""
    only_mine = request.GET.get("show") == "mine"
    since = clock.now() - DONE_SHOWN
    columns: list[dict[str, Any]] = []
    for state in COLUMNS:
        rows = list(queries.column(request.user, state, only_mine=only_mine, since=since)[: COLUMN_SIZE + 1])
        columns.append(
            {
                "state": state,
                "rows": rows[:COLUMN_SIZE],
                "is_more": len(rows) > COLUMN_SIZE,
                "steps": _leading(state),
                "tab": "done" if state == State.DONE else "all",
            }
        )
    _prepared(request.user, [row for column in columns for row in column["rows"]])
    context = {
        "columns": columns,
        "only_mine": only_mine,
        "may_add": may(request.user, "actions.action_add"),
    }
    return respond(request, "actions/action_board.html", "board", context)


def _leading(state: str) -> list[tuple[str, str]]:
    """The steps that lead from a state without a word to be said: (step, label)."""
    return [
        (step, to.label)
        for step, (to, _) in STEPS.items()
        if (state, to) in MOVES and step in _steps_from(state) and step not in {"block", "drop"}
    ]


def _steps_from(state: str) -> set[str]:
    """The names of the steps that lead from a state: to open is put-back or reopen, never both."""
    found = {step for step, (to, _) in STEPS.items() if (state, to) in MOVES}
    return found - ({"put-back"} if state in {State.DONE, State.DROPPED} else {"reopen"})


@require_safe
@view_needs("actions.action_see")
def action_detail(request: HttpRequest, reference: str) -> HttpResponse:
    return _detail(request, _found(request, reference))


def _found(request: HttpRequest, reference: str) -> Action:
    rows = queries.for_pages(request.user)
    return get_object_or_404(rows, subject__reference=reference.upper())


def _detail(request: HttpRequest, action: Action, *, status: int = 200, **extra: Any) -> HttpResponse:
    _prepared(request.user, [action])
    events = timeline(action.subject_id).visible_to(request.user)[:50]
    context = {
        "action": action,
        "steps": _steps_from(action.state) if action.is_mine_to_change else set(),
        "timeline": list(events),
        "is_late": action.is_unfinished
        and action.due_on is not None
        and action.due_on < timezone.localdate(),
        **extra,
    }
    return respond(request, "actions/action_detail.html", None, context, status=status)


@require_http_methods(["GET", "POST"])
@view_needs("actions.action_add")
def action_create(request: HttpRequest) -> HttpResponse:
    """A new action; `?about=R-12` says what for."""
    if request.method != "POST":
        initial = {"about": request.GET.get("about", "")[:24], "owner": request.user.pk}
        return _create_form(request, NewActionForm(user=request.user, initial=initial))
    form = NewActionForm(request.POST, user=request.user)
    if not form.is_valid():
        return _create_form(request, form, status=422)

    def act() -> str:
        action = operations.add(
            **form.values(), about=form.cleaned_data["about"], by=Actor(request.user, "page"), at=clock.now()
        )
        return reverse("actions:action_detail", args=[action.reference])

    try:
        url = once(request, act)
    except Refused as refusal:
        _mark(form, refusal)
        return _create_form(request, form, status=422)
    return toast(request, go(request, url), "Action created")


def _create_form(request: HttpRequest, form: NewActionForm, status: int = 200) -> HttpResponse:
    return respond(request, "actions/action_create.html", "form", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@view_needs("actions.action_change")
def action_edit(request: HttpRequest, reference: str) -> HttpResponse:
    """Change an action. When somebody else was first, both texts are shown and nothing is lost."""
    action = _found(request, reference)
    require(request.user, "actions.action_change", action)
    if request.method != "POST":
        return _edit_form(request, action, ActionForm.of(action))
    form = ActionForm.of(action, request.POST)
    if not form.is_valid():
        return _edit_form(request, action, form, version=version_of(request), status=422)
    try:
        operations.change(
            action, form.values(), by=Actor(request.user, "page"), at=clock.now(), seen=version_of(request)
        )
    except ChangedMeanwhile as conflict:
        extra = {"mine": _told(form.values()), "theirs": _told_of(conflict.present)}
        return _edit_form(request, action, form, version=conflict.present.version, status=409, **extra)
    except Refused as refusal:
        _mark(form, refusal)
        return _edit_form(request, action, form, version=version_of(request), status=422)
    return toast(request, go(request, reverse("actions:action_detail", args=[reference])), "Saved")


def _edit_form(
    request: HttpRequest,
    action: Action,
    form: ActionForm,
    *,
    version: int = 0,
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    context = {"action": action, "form": form, "version": version or action.version, **extra}
    return respond(request, "actions/action_edit.html", "form", context, status=status)


def _told(values: dict[str, Any]) -> str:
    """The fields of an action as lines, for the comparison of two texts."""
    labels = {name: ActionForm.base_fields[name].label or name.capitalize() for name in EDITED}
    return "\n".join(f"{labels[name]}: {values[name] or 'nothing'}" for name in EDITED)


def _told_of(action: Action) -> str:
    return _told({name: getattr(action, name) for name in EDITED})


def _mark(form: Any, refusal: Refused) -> None:
    form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)


@require_POST
@view_needs("actions.action_change")
def action_step(request: HttpRequest, reference: str, step: str) -> HttpResponse:
    """Start, block, finish … Back to where the button stood; a finish can be undone by its toast."""
    action = _found(request, reference)
    require(request.user, "actions.action_change", action)
    by, at = Actor(request.user, "page"), clock.now()
    try:
        _taken(step, action, request, by=by, at=at)
    except (ChangedMeanwhile, IllegalMove) as refusal:
        return toast(request, go(request, _next(request, action)), refusal.message)
    except Refused as refusal:
        return _detail(request, action, status=422, refused=step, refusal=refusal.message)
    undo = reverse("actions:action_step", args=[reference, "reopen"]) if step in {"finish", "drop"} else ""
    words = STEPS[step][1].format(action.reference)
    return toast(request, go(request, _next(request, action)), words, undo=undo)


def _taken(step: str, action: Action, request: HttpRequest, **by_at: Any) -> None:
    reason = request.POST.get("reason", "")
    if step == "block":
        operations.block(action, reason=reason, **by_at)
    elif step == "drop":
        operations.drop(action, reason=reason, **by_at)
    elif step == "finish":
        operations.finish(action, note=request.POST.get("note", ""), **by_at)
    else:
        {"start": operations.start, "put-back": operations.put_back, "reopen": operations.reopen}[step](
            action, **by_at
        )


@require_POST
@view_needs("actions.action_change")
def action_take(request: HttpRequest, reference: str) -> HttpResponse:
    """ "I'll take it": the reader becomes the owner."""
    action = _found(request, reference)
    require(request.user, "actions.action_change", action)
    try:
        operations.change(action, {"owner": request.user}, by=Actor(request.user, "page"), at=clock.now())
    except Refused as refusal:
        return toast(request, go(request, _next(request, action)), refusal.message)
    return toast(request, go(request, _next(request, action)), f"{action.reference} assigned to you")


def _next(request: HttpRequest, action: Action) -> str:
    """Where the button stood, if that is ours; else the action's page."""
    url = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()})
    return url if ours else reverse("actions:action_detail", args=[action.reference])
