"""The inbox: what one was told, newest first, by day."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from history.templatetags.timeline import lines
from kit import clock
from kit.rights import view_needs
from notices.operations import entry
from notices.queries import inbox as queries
from pages.answers import go, respond, toast
from pages.requests import page_of

ORDER = ("-at", "-id")


@require_safe
@view_needs("notices.inbox_see")
def inbox(request: HttpRequest) -> HttpResponse:
    rows = queries.entries(request.user)
    only = "unread" if request.GET.get("show") == "unread" else "all"
    if only == "unread":
        rows = rows.filter(read_at__isnull=True)
    page = page_of(rows, ORDER, request)
    for row, line in zip(page.rows, lines([row.event for row in page.rows]), strict=True):
        row.day, row.line = timezone.localtime(row.at).date(), line
    context = {"page": page, "only": only}
    return respond(request, "notices/inbox.html", None, context)


@require_POST
@view_needs("notices.inbox_see")
def mark(request: HttpRequest) -> HttpResponse:
    """Mark entries read, or with `unread` unread again; without `entry` all of them."""
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
