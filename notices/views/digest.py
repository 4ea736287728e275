"""The pages of the weekly digest: the current week, past weeks, and stopping it without signing in."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from kit import clock
from kit.actor import Actor
from kit.rights import OPEN, view_needs
from notices.operations import digest as operations
from notices.queries import digest as queries
from notices.queries import rendered_mail
from pages.answers import respond
from people import queries as people
from people.permissions import SignedInRequest

PAST = 26


@require_safe
@view_needs("notices.inbox_view")
def digest(request: SignedInRequest) -> HttpResponse:
    """Show a preview of the next digest."""
    at = clock.now()
    past = list(queries.digests_of(request.user)[:PAST])
    since = queries.since(past[0] if past else None, at)
    sections = queries.shown(request.user, queries.content_for(request.user, since=since, at=at))
    organisation = people.organisation()
    context = {
        "sections": sections,
        "figures": queries.figures(sections),
        "since": since,
        "until": at,
        "next_at": operations.next_slot(request.user, organisation, at) if organisation else None,
        "past": past,
        "digest": None,
        "title": "This week so far",
    }
    return respond(request, "notices/digest.html", None, context)


@require_safe
@view_needs("notices.inbox_view")
def digest_week(request: SignedInRequest, week: str) -> HttpResponse:
    """Show a past digest with the reader's current rights."""
    found = get_object_or_404(queries.digests_of(request.user), week=week)
    sections = queries.shown(request.user, found.content)
    context = {
        "sections": sections,
        "figures": queries.figures(sections),
        "since": found.since,
        "until": found.made_at,
        "next_at": None,
        "past": list(queries.digests_of(request.user)[:PAST]),
        "digest": found,
        "title": found.title,
    }
    return respond(request, "notices/digest.html", None, context)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@view_needs(OPEN)
def stop_digest(request: HttpRequest, token: str) -> HttpResponse:
    """Stop the digest by a signed address. GET shows the button, POST stops it (RFC 8058)."""
    user = rendered_mail.whose_stop(token)
    if user is None:
        raise Http404
    if request.method == "POST":
        act = operations.resume if request.POST.get("do") == "resume" else operations.stop
        act(user, by=Actor(user, "page"), at=clock.now())
        user.refresh_from_db(fields=["is_digest_wanted"])
    return render(request, "notices/stop_digest.html", {"is_wanted": user.is_digest_wanted, "token": token})
