"""The inbox: a person's entries by day, newest first."""

from itertools import groupby

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
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
    count = entry.read(request.user, None if is_all else ids, at=clock.now())
    answer = go(request, back)
    return (
        toast(request, answer, f"{count} entries marked as read" if count != 1 else "Marked as read")
        if is_all
        else answer
    )
