"""The inbox: a person's entries by day, newest first."""

from itertools import groupby
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe

from kit import clock
from kit.rights import view_needs
from notices.filters import INBOX
from notices.operations import entry
from notices.queries import inbox as queries
from pages.answers import go, respond, toast
from pages.listing import listing
from people.permissions import SignedInRequest


@require_safe
@view_needs("notices.inbox_view")
def inbox(request: SignedInRequest) -> HttpResponse:
    """Show one line per topic, newest first. With show=unread only topics with unread entries."""
    shown = listing(request, INBOX, queries.newest_of_topics(request.user))
    bundles = queries.bundles(request.user, shown.page.rows)
    days = groupby(bundles, key=lambda bundle: timezone.localtime(bundle.entry.at).date())
    context = {
        "page": shown.page,
        "days": [(day, list(found)) for day, found in days],
        "only": shown.selection.texts.get("show", "all"),
    }
    return respond(request, "notices/inbox.html", None, context)


@require_POST
@view_needs("notices.inbox_view")
def mark(request: SignedInRequest) -> HttpResponse:
    """Mark the topics of entries as read, or with as=unread the entries as unread; with `all` everything."""
    ids = [int(one) for one in request.POST.getlist("entry") if one.isdecimal()]
    back = reverse("notices:inbox") + ("?show=unread" if request.POST.get("show") == "unread" else "")
    if request.POST.get("as") == "unread":
        entry.unread(request.user, ids)
        return go(request, back)
    is_all = "all" in request.POST
    at = clock.now()
    count = entry.read(request.user, None if is_all else ids, at=at)
    answer = go(request, back)
    if not is_all:
        return answer
    text = f"{count} entries marked as read" if count != 1 else "Marked as read"
    undo = f"{reverse('notices:unmark')}?{urlencode({'at': at.isoformat()})}"
    return toast(request, answer, text, undo=undo if count else "")


@require_POST
@view_needs("notices.inbox_view")
def unmark(request: SignedInRequest) -> HttpResponse:
    """Undo “Mark all as read”. ?at= is the moment at which it marked the entries."""
    try:
        at = parse_datetime(request.GET.get("at", "")[:40])
    except ValueError:
        at = None
    if at is None or timezone.is_naive(at):
        raise BadRequest("at: Use a moment with its offset, such as 2026-11-23T10:00:00+00:00.")
    count = entry.unread_again(request.user, at)
    text = f"{count} entries are unread again" if count != 1 else "One entry is unread again"
    return toast(request, go(request, reverse("notices:inbox")), text if count else "Nothing to undo")
