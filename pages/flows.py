"""The flows of pages that write: create, edit, step and press.

Each runs one operation and returns a response.

A view loads the object through `visible_to`, builds the form and calls one of these. `show(form, status)`
renders the page with the form; `form_page` makes such a function for a page that has only the form.
"""

from collections.abc import Callable
from typing import Any, Protocol

from django.http import HttpRequest, HttpResponse
from django_htmx.http import trigger_client_event

from kit import clock
from kit.refusals import Refused
from kit.rights import require
from pages.answers import go, is_over, respond, toast
from pages.forms import PageForm
from pages.once import once
from pages.requests import actor, version_of

Show = Callable[[Any, int], HttpResponse]
Text = str | Callable[[], str]
NOTHING_CHANGED = "Nothing changed"
WITHOUT_VERSION = "This page is out of date. Reload it and try again."


class Versioned(Protocol):
    """An object that has a version, which a write must name."""

    version: int


def form_page(request: HttpRequest, template: str, part: str = "form", **context: Any) -> Show:
    """Return `show` for a page with one form. The context has `form` and the arguments given here."""

    def show(form: PageForm, status: int) -> HttpResponse:
        return respond(request, template, part, {**context, "form": form}, status=status)

    return show


def create(
    request: HttpRequest,
    form: PageForm,
    *,
    operation: Callable[..., Any],
    address: Callable[[Any], str],
    show: Show,
    message: str | Callable[[Any], str],
) -> HttpResponse:
    """Show the form on GET. On POST create one object, once for each rendered form.

    operation(**form.values(), by=, at=) returns the object; address(object) is the page to go to.
    message: the toast, or a function from the object to it. 422 with the form when something is wrong.
    """
    if request.method != "POST":
        return show(form, 200)
    if not form.is_valid():
        return show(form, 422)
    created: list[Any] = []

    def run() -> str:
        created.append(operation(**form.values(), by=actor(request), at=clock.now()))
        return address(created[0])

    try:
        url = once(request, run)
    except Refused as refusal:
        return show(form, form.refuse(refusal))
    if callable(message):
        # A second press of the button creates nothing, so it gets no second toast.
        return toast(request, go(request, url), message(created[0])) if created else go(request, url)
    return toast(request, go(request, url), message)


def edit(
    request: HttpRequest,
    obj: Versioned,
    form: PageForm,
    *,
    permission: str,
    operation: Callable[..., Any],
    address: str,
    show: Show,
    message: str = "Saved",
    undo: Text = "",
    over: str = "",
) -> HttpResponse:
    """Show the form on GET. On POST change the object, at the version that the form was rendered from.

    operation(obj, form.values(), by=, at=, seen=) changes it. Answers 403 without the permission, 422 with
    the form when something is wrong, 409 with both texts when somebody saved first, 428 without a version.
    undo: the address that reverses the change, offered in the toast if the edit changed something.
    over: as in step().
    """
    loaded = obj.version

    def done() -> HttpResponse:
        gone = _gone(request, address, over)
        if undo and obj.version == loaded:
            return toast(request, gone, NOTHING_CHANGED)
        return toast(request, gone, message, undo=_text(undo))

    return _write(
        request,
        obj,
        form,
        permission=permission,
        run=lambda **act: operation(obj, form.values(), **act),
        show=show,
        done=done,
    )


def step(
    request: HttpRequest,
    obj: Versioned,
    form: PageForm,
    *,
    permission: str,
    operation: Callable[..., Any],
    address: Text,
    show: Show,
    message: Text,
    undo: Text = "",
    over: str = "",
) -> HttpResponse:
    """Take a step that needs input: as edit(), with operation(obj, **form.values(), by=, at=, seen=).

    address, message: functions if they depend on the result of the step. undo: the address of the step that
    reverses it, offered in the toast; a function if it names the change itself.
    over: the path of a list. An editor over this list leaves the reader there, and the list reloads its rows.
    """

    def done() -> HttpResponse:
        reversing = undo() if callable(undo) else _undo(undo, obj)
        return toast(request, _gone(request, _text(address), over), _text(message), undo=reversing)

    return _write(
        request,
        obj,
        form,
        permission=permission,
        run=lambda **act: operation(obj, **form.values(), **act),
        show=show,
        done=done,
    )


def _write(
    request: HttpRequest,
    obj: Versioned,
    form: PageForm,
    *,
    permission: str,
    run: Callable[..., Any],
    show: Show,
    done: Callable[[], HttpResponse],
) -> HttpResponse:
    require(request.user, permission, obj)
    if request.method != "POST":
        return show(form, 200)
    is_valid = form.is_valid()
    seen = version_of(request)
    if form.is_bound and not seen:
        return show(form, form.refuse_without_version(obj))
    if not is_valid:
        return show(form, 422)
    try:
        run(by=actor(request), at=clock.now(), seen=seen)
    except Refused as refusal:
        return show(form, form.refuse(refusal))
    return done()


def press(
    request: HttpRequest,
    obj: Versioned,
    *,
    permission: str,
    operation: Callable[..., Any],
    address: str,
    message: Text,
    undo: str = "",
) -> HttpResponse:
    """Take a step that needs no input: operation(obj, by=, at=, seen=), then redirect to `address`.

    A refusal, a conflict and a missing version are shown there in a toast. Nothing is written then.
    message: a function if it depends on the result of the step.
    """
    require(request.user, permission, obj)
    seen = version_of(request)
    if not seen:
        return toast(request, go(request, address), WITHOUT_VERSION)
    try:
        operation(obj, by=actor(request), at=clock.now(), seen=seen)
    except Refused as refusal:
        return toast(request, go(request, address), refusal.whole_message)
    return toast(request, go(request, address), _text(message), undo=_undo(undo, obj))


def _text(text: Text) -> str:
    return text() if callable(text) else text


def _gone(request: HttpRequest, address: str, over: str) -> HttpResponse:
    """Redirect to the address, or tell the list under an editor that its rows changed."""
    if over and is_over(request, over):
        return trigger_client_event(HttpResponse(status=204), "rows-changed", {})
    return go(request, address)


def _undo(address: str, obj: Versioned) -> str:
    """Return the address that reverses the step, at the version that the step made; "" for none."""
    return f"{address}?version={obj.version}" if address else ""
