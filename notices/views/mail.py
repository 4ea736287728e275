"""The mail of all, for administrators: what became of each, as it was sent, and another try."""

from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from kit import clock
from kit.actor import Actor
from kit.refusals import Refused
from kit.rights import view_needs
from notices.models import Message
from notices.operations import mail_switch
from notices.operations import message as operations
from notices.queries import mail as queries
from pages.answers import go, respond, toast
from pages.requests import page_of

ORDER = ("-made_at", "id")
# A mail has its styles in it, as mail programs want them: it stands in a frame that may do nothing else.
MAIL_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
        "sandbox allow-popups allow-popups-to-escape-sandbox",
    )
)


@require_safe
@view_needs("notices.mail_see")
def mail_list(request: HttpRequest) -> HttpResponse:
    counts = queries.tab_counts()
    tab = request.GET.get("show", "")
    first = next((name for name in ("troubled", "held") if counts[name]), "all")
    tab = tab if tab in queries.TABS else first
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
        "is_troubled": found.state in queries.TROUBLED,
    }
    return respond(request, "notices/mail_detail.html", None, context)


@require_safe
@view_needs("notices.mail_see")
def mail_as_sent(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The HTML of a mail, for the frame on its page; its links open beside it."""
    row = queries.as_seen_by(request.user, [get_object_or_404(queries.messages(), pk=pk)])[0]
    if row.is_hidden or not row.html:
        raise Http404
    answer = HttpResponse(row.html.replace("<head>", '<head><base target="_blank">', 1))
    answer["Content-Security-Policy"], answer["X-Frame-Options"] = MAIL_POLICY, "SAMEORIGIN"
    return answer


@require_POST
@view_needs("notices.mail_see")
def mail_retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = get_object_or_404(Message, pk=pk)
    back = reverse("notices:mail_detail", args=[pk])
    try:
        operations.retry(found, by=Actor(request.user, "page"), at=clock.now())
    except Refused as refusal:
        return toast(request, go(request, back), refusal.message)
    return toast(request, go(request, back), "The mail is sent again in a moment")


@require_POST
@view_needs("notices.mail_see")
def mail_held(request: HttpRequest) -> HttpResponse:
    """Release or drop all mails that are held back. do: release or drop."""
    acts = {"release": (mail_switch.release, "will be sent"), "drop": (mail_switch.drop, "dropped")}
    chosen = acts.get(request.POST.get("do", ""))
    back = reverse("notices:mail_list")
    if chosen is None:
        return toast(request, go(request, back), "Choose whether to send or to drop the held mails")
    act, words = chosen
    count = act(by=Actor(request.user, "page"), at=clock.now())
    return toast(request, go(request, back), f"{count} held mail{'' if count == 1 else 's'} {words}")
