"""The pages of comments: writing, previewing, changing and removing them, and watching an object."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kit import clock
from kit.kinds import url_of
from kit.refusals import Refused
from kit.rights import view_needs
from pages import flows, markup
from pages.answers import go, is_fragment, respond, toast
from pages.flows import form_page
from pages.requests import actor
from people.permissions import SignedInRequest
from talk.forms import CommentForm, NewCommentForm
from talk.mentions import linker
from talk.models import Comment
from talk.operations import comment as operations
from talk.operations import reaction as reacting
from talk.operations import watch as watching
from talk.queries import comment as queries
from talk.queries.conversation import history_of
from talk.views.about import about_of

# The permission, the operation, the toast and the step that undoes it.
STEPS: dict[str, tuple[str, Any, str, str]] = {
    "remove": ("talk.comment_remove", operations.remove, "Comment removed", "restore"),
    "restore": ("talk.comment_restore", operations.restore, "Comment restored", ""),
}


def address_of(comment: Comment) -> str:
    """Return the address of a comment on the page of what it is about."""
    return f"{url_of(comment.about)}#comment-{comment.pk}"


def _comment(request: HttpRequest, pk: int) -> Comment:
    return get_object_or_404(queries.comments().visible_to(request.user), pk=pk)


def _with_unknown(message: str, comment: Comment) -> str:
    """Return the toast after a comment was written, with the mentions in it that reach nobody."""
    handles = ", ".join(f"@{handle}" for handle in comment.unknown_mentions)
    return f"{message}. Nobody has the handle {handles}." if handles else message


@require_safe
@view_needs("talk.comment_view")
def comment(request: SignedInRequest, pk: int) -> HttpResponse:
    """Lead to a comment on the page of what it is about, with the page of the timeline that has it."""
    found = _comment(request, pk)
    return redirect(f"{url_of(found.about)}?comment={pk}#comment-{pk}")


@require_POST
@view_needs("talk.comment_add")
def comment_create(request: SignedInRequest) -> HttpResponse:
    """Post a comment. A refused one is shown on a page of its own, with its text."""
    return flows.create(
        request,
        NewCommentForm(request.POST, request.FILES, user=request.user, request=request),
        operation=operations.add,
        address=address_of,
        show=form_page(request, "talk/comment_create.html"),
        message=lambda posted: _with_unknown("Comment posted", posted),
    )


@require_http_methods(["GET", "POST"])
@view_needs("talk.comment_change")
def comment_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    found = _comment(request, pk)
    return flows.step(
        request,
        found,
        CommentForm.of(found, request.POST or None),
        permission="talk.comment_change",
        operation=operations.change,
        address=address_of(found),
        show=form_page(request, "talk/comment_edit.html", comment=found, about_url=address_of(found)),
        message=lambda: _with_unknown("Comment saved", found),
    )


@require_POST
@view_needs("talk.comment_remove")
def comment_step(request: SignedInRequest, pk: int, step: str) -> HttpResponse:
    """Remove a comment, or take that back."""
    found = _comment(request, int(pk))
    permission, operation, message, undo_step = STEPS[step]
    return flows.press(
        request,
        found,
        permission=permission,
        operation=operation,
        address=address_of(found),
        message=message,
        undo=reverse("talk:comment_step", args=[pk, undo_step]) if undo_step else "",
    )


@require_POST
@view_needs("talk.comment_react")
def comment_react(request: SignedInRequest, pk: int) -> HttpResponse:
    """React to a comment, or take that back."""
    found = _comment(request, pk)
    try:
        reacting.toggle(found, kind=request.POST.get("reaction", ""), by=actor(request), at=clock.now())
    except Refused as refusal:
        return toast(request, go(request, address_of(found)), refusal.message)
    if is_fragment(request):
        return respond(request, "talk/_reactions.html", None, {"comment": _comment(request, pk)})
    return go(request, address_of(found))


@require_safe
@view_needs("talk.comment_view")
def comment_history(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show the earlier texts of a comment."""
    found = _comment(request, pk)
    context = {"comment": found, "versions": history_of(found), "about_url": address_of(found)}
    return respond(request, "talk/comment_history.html", None, context)


@require_POST
@view_needs("talk.comment_add")
def comment_preview(request: SignedInRequest) -> HttpResponse:
    """Show a text as it will be posted, and which mentions will not work. Nothing is stored."""
    text = request.POST.get("text", "")[:10_000]
    about = about_of(request, request.POST)
    found = queries.mentions(text, about)
    people = {handle: (user.name, url_of(user.subject)) for handle, user in found.people.items()}
    context = {"html": markup.html_of(text, linker(people)), "mentions": found}
    return respond(request, "talk/comment_preview.html", "preview", context)


@require_safe
@view_needs("talk.comment_add")
def people_to_mention(request: SignedInRequest) -> HttpResponse:
    """Show the people whom a comment on an object may mention, for the text typed after the @."""
    about = about_of(request, request.GET)
    found = queries.suggestions(about, request.GET.get("q", "")[:60], request.user)
    return respond(request, "talk/_people_to_mention.html", None, {"people": found})


@require_POST
@view_needs("talk.watch")
def watch(request: SignedInRequest) -> HttpResponse:
    """Watch an object, or stop watching it."""
    about = about_of(request, request.POST)
    is_start = request.POST.get("watch") == "start"
    operation = watching.start if is_start else watching.stop
    operation(about, by=actor(request), at=clock.now())
    message = "You are notified of what happens here" if is_start else "You are notified of mentions only"
    return toast(request, go(request, f"{url_of(about)}#timeline"), message)
