"""The pages of the weekly digest: the current week, any other week, and stopping it without signing in."""

from datetime import datetime
from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from kit import clock
from kit.actor import Actor
from kit.rights import OPEN, view_needs
from notices.models import Digest
from notices.operations import digest as operations
from notices.queries import digest as queries
from notices.queries import rendered_mail
from pages.answers import go, respond
from people import queries as people
from people.permissions import SignedInRequest

PAST = 26


@require_safe
@view_needs("notices.inbox_view")
def digest(request: SignedInRequest) -> HttpResponse:
    """Show a preview of the next digest. ?week=2026-W48 leads to another week."""
    if week := request.GET.get("week", ""):
        if operations.slot_of(request.user, week) is None:
            raise BadRequest("week: Use a week such as 2026-W48.")
        return go(request, reverse("notices:digest_week", args=[week]))
    at = clock.now()
    past = list(queries.digests_of(request.user)[:PAST])
    since = queries.since(past[0] if past else None, at)
    content = queries.content_for(request.user, since=since, at=at)
    organisation = people.organisation()
    next_at = operations.next_slot(request.user, organisation, at) if organisation else None
    return _page(request, content, since, at, past, title="This week so far", next_at=next_at)


@require_safe
@view_needs("notices.inbox_view")
def digest_week(request: SignedInRequest, week: str) -> HttpResponse:
    """Show the digest of a week with the reader's current rights: the stored one, or what it would be."""
    past = list(queries.digests_of(request.user)[:PAST])
    found = queries.digests_of(request.user).filter(week=week).first()
    if found is not None:
        return _page(
            request, found.content, found.since, found.made_at, past, title=found.title, digest=found
        )
    until = operations.slot_of(request.user, week)
    if until is None or until > clock.now():
        raise Http404
    since = until - queries.FIRST_LOOKS_BACK
    content = queries.content_for(request.user, since=since, at=until, is_past=True)
    title = f"Model risk, week {int(week[-2:])}"
    return _page(request, content, since, until, past, title=title, week=week)


def _page(
    request: SignedInRequest,
    content: dict[str, Any],
    since: datetime,
    until: datetime,
    past: list[Digest],
    *,
    title: str,
    next_at: datetime | None = None,
    digest: Digest | None = None,
    week: str = "",
) -> HttpResponse:
    shown = queries.shown(request.user, content)
    context = {
        "shown": shown,
        "since": since,
        "until": until,
        "next_at": next_at,
        "past": past,
        "digest": digest,
        "week": digest.week if digest else week,
        "is_computed": bool(week),
        "title": title,
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
