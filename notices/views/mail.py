"""The mail of all, for administrators: what became of each, as it was sent, and another try."""

from uuid import UUID

import nh3
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_POST, require_safe

from kit import clock
from kit.actor import Actor
from kit.htmx import go, respond, toast
from kit.refusals import Refused
from kit.rights import view_needs
from notices.models import Message
from notices.operations import message as operations
from notices.queries import mail as queries
from rest.asked import page_of

ORDER = ("-made_at", "id")


@require_safe
@view_needs("notices.mail_see")
def mail_list(request: HttpRequest) -> HttpResponse:
    counts = queries.tab_counts()
    tab = request.GET.get("show", "")
    tab = tab if tab in queries.TABS else "troubled" if counts["troubled"] else "all"
    page = page_of(queries.messages(tab), ORDER, request)
    context = {
        "tab": tab,
        "counts": counts,
        "page": page,
        "rows": queries.as_seen_by(request.user, page.rows),
        "is_kept": settings.IS_MAIL_KEPT,
    }
    return respond(request, "notices/mail_list.html", None, context)


@require_safe
@view_needs("notices.mail_see")
def mail_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = get_object_or_404(queries.messages(), pk=pk)
    row = queries.as_seen_by(request.user, [found])[0]
    context = {
        "row": row,
        "message": found,
        "shown": _shown(row.html),
        "is_troubled": found.state in queries.TROUBLED,
    }
    return respond(request, "notices/mail_detail.html", None, context)


@require_POST
@view_needs("notices.mail_see")
def mail_retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = get_object_or_404(Message, pk=pk)
    back = reverse("notices:mail_detail", args=[pk])
    try:
        operations.retry(found, by=Actor(request.user, "page"), at=clock.now())
    except Refused as refusal:
        return toast(request, go(request, back), refusal.message)
    return toast(request, go(request, back), "It will be tried again in a moment")


def _shown(html: str) -> str:
    """The mail's own words and links in the page's look: its styles, which the page forbids, are left out."""
    body = html.split("</div>", 1)[-1]  # behind the line that only lists of mails show
    tags = {"a", "b", "br", "h1", "h2", "li", "p", "span", "table", "tbody", "td", "tr", "ul"}
    clean = nh3.clean(body, tags=tags, attributes={"a": {"href"}}, url_schemes={"http", "https"})
    # One heading of the first rank a page: the mail's is one rank lower here.
    return mark_safe(clean.replace("h2>", "h4>").replace("h1>", "h3>"))
