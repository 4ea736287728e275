"""The inbox: a person's entries by day, newest first."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from history.templatetags.timeline import lines
from kit import clock
from kit.rights import view_needs
from notices.filters import INBOX
from notices.operations import entry
from notices.queries import inbox as queries
from pages.answers import go, respond, toast
from pages.listing import listing
from people.permissions import SignedInRequest


@require_safe
@view_needs("notices.inbox_see")
def inbox(request: SignedInRequest) -> HttpResponse:
    """Show the reader's entries, newest first. With show=unread only the unread ones."""
    shown = listing(request, INBOX, queries.entries(request.user))
    rows = shown.page.rows
    for row, line in zip(rows, lines([row.event for row in rows]), strict=True):
        row.day, row.line = timezone.localtime(row.at).date(), line
    context = {"page": shown.page, "only": shown.selection.texts.get("show", "all")}
    return respond(request, "notices/inbox.html", None, context)


@require_POST
@view_needs("notices.inbox_see")
def mark(request: SignedInRequest) -> HttpResponse:
    """Mark entries as read, or with `unread` as unread. Without `entry`, mark all entries."""
    ids = [int(one) for one in request.POST.getlist("entry") if one.isdecimal()]
    back = reverse("notices:inbox") + ("?show=unread" if request.POST.get("show") == "unread" else "")
    if request.POST.get("as") == "unread":
        entry.unread(request.user, ids)
        return go(request, back)
    is_all = "all" in request.POST
    count = entry.read(request.user, None if is_all else ids, at=clock.now())
    answer = go(request, back)
    return (
        toast(request, answer, f"{count} entries marked as read" if count != 1 else "Marked as read")
        if is_all
        else answer
    )
