"""The button with which administrators start sending after a restore."""

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from kit import clock
from kit.refusals import Refused
from kit.rights import view_needs
from lists.bulk import counted
from notices.operations import sending as operations
from pages.answers import go, toast
from pages.requests import actor
from people.permissions import SignedInRequest


@require_POST
@view_needs("notices.sending_start")
def sending_start(request: SignedInRequest) -> HttpResponse:
    """Start sending. older: drop or send, what waited before the backup."""
    back = reverse("notices:mail_list")
    choice = request.POST.get("older", "")
    if choice not in {"drop", "send"}:
        return toast(
            request, go(request, back), "Choose whether to drop or to send what is older than the backup"
        )
    try:
        mails, webhooks = operations.start(drops_older=choice == "drop", by=actor(request), at=clock.now())
    except Refused as refusal:
        return toast(request, go(request, back), refusal.message)
    dropped = (
        f", {counted(mails, 'mail')} and {counted(webhooks, 'webhook')} dropped" if choice == "drop" else ""
    )
    return toast(request, go(request, back), f"Sending started{dropped}")
