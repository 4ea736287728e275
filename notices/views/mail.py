"""All mail, for administrators: the delivery status of each, the mail as it was sent, and a retry."""

from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from kit import clock
from kit.refusals import Refused
from kit.rights import view_needs
from notices.filters import MAIL, MAIL_TABS, TROUBLED
from notices.models import Message
from notices.operations import mail_switch
from notices.operations import message as operations
from notices.queries import mail as queries
from pages.answers import go, respond, toast
from pages.listing import listing, selection_of
from pages.requests import actor
from people.permissions import SignedInRequest

# A mail has inline styles, because mail programs need them, so the page shows it in a sandboxed frame.
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

# The steps for held mails -> the operation, and the text of the toast.
HELD_STEPS = {"release": (mail_switch.release, "will be sent"), "drop": (mail_switch.drop, "dropped")}


@require_safe
@view_needs("notices.mail_view")
def mail_list(request: SignedInRequest) -> HttpResponse:
    """Show one tab of the mails: by default the failed ones, else the held ones, else all."""
    selection = selection_of(request, MAIL)
    counts = queries.tab_counts()
    first = next((name for name in ("troubled", "held") if counts[name]), "all")
    tab = selection.texts.get("show", first)
    rows = queries.messages().filter(MAIL_TABS[tab][1])
    shown = listing(request, MAIL, rows, selection=selection)
    context = {
        "tab": tab,
        "counts": counts,
        "tabs": [(key, label, counts[key]) for key, (label, _) in MAIL_TABS.items()],
        "page": shown.page,
        "rows": queries.as_seen_by(request.user, shown.page.rows),
        "is_kept": settings.IS_MAIL_KEPT,
    }
    return respond(request, "notices/mail_list.html", None, context)


@require_safe
@view_needs("notices.mail_view")
def mail_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    message = get_object_or_404(queries.messages(), pk=pk)
    context = {
        "row": queries.as_seen_by(request.user, [message])[0],
        "message": message,
        "is_troubled": message.state in TROUBLED,
    }
    return respond(request, "notices/mail_detail.html", None, context)


@require_safe
@view_needs("notices.mail_view")
def mail_as_sent(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Return the HTML of a mail, for the frame on its page. Its links open in a new tab."""
    row = queries.as_seen_by(request.user, [get_object_or_404(queries.messages(), pk=pk)])[0]
    if row.is_hidden or not row.html:
        raise Http404
    answer = HttpResponse(queries.framed(row).replace("<head>", '<head><base target="_blank">', 1))
    answer["Content-Security-Policy"], answer["X-Frame-Options"] = MAIL_POLICY, "SAMEORIGIN"
    return answer


@require_POST
@view_needs("notices.mail_view")
def mail_retry(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Retry a mail. The operation refuses a mail that is sent or waiting."""
    message = get_object_or_404(Message, pk=pk)
    back = reverse("notices:mail_detail", args=[pk])
    try:
        operations.retry(message, by=actor(request), at=clock.now())
    except Refused as refusal:
        return toast(request, go(request, back), refusal.message)
    return toast(request, go(request, back), "The mail will be sent again in a moment")


@require_POST
@view_needs("notices.mail_view")
def mail_held(request: SignedInRequest) -> HttpResponse:
    """Release or drop all mails that are held back. do: release or drop."""
    chosen = HELD_STEPS.get(request.POST.get("do", ""))
    back = reverse("notices:mail_list")
    if chosen is None:
        return toast(request, go(request, back), "Choose whether to send or drop the held mails")
    operation, done = chosen
    count = operation(by=actor(request), at=clock.now())
    return toast(request, go(request, back), f"{count} held mail{'' if count == 1 else 's'} {done}")
