"""Mails that let a person in: the reset of a password, and invitations."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from history.models import Event
from history.queries import present_data
from people.models import Invitation, User
from people.queries import links

# A mail that waited longer, as through an outage of the mail server, is of no use any more.
_RESET_WAITS = links.RESET_LIVES


def reset(event: Event, reader: User) -> dict[str, Any]:
    """Return the link with which the reader sets a new password."""
    token = links.reset_token(reader)
    return {"link": links.reset_link(reader, token), "secrets": [token], "names": []}


def is_reset_wanted(event: Event, user: User, at: datetime) -> str:
    """Return why a mail with a link is no longer wanted, "" if it is."""
    return "The link was asked for too long ago." if event.at < at - _RESET_WAITS else ""


_SAID = {
    "people.password_reset": "Your password was reset by a link in a mail",
    "people.factor_added": "A second factor was added",
    "people.factor_removed": "A second factor was removed",
    "people.provider_linked": "Your account was linked to a sign-in provider",
    "people.provider_unlinked": "Your account is no longer linked to a sign-in provider",
    "people.recovery_codes_made": "New recovery codes were made",
    "people.recovery_code_used": "A recovery code was used to sign in",
}


def security(event: Event, reader: User) -> dict[str, Any]:
    """Return what happened to the reader's account, and the page where they see and undo it."""
    data = present_data(event)
    return {
        "what": _SAID[event.verb],
        "factor": data.get("name", ""),
        "left": data.get("left"),
        "page": settings.BASE_URL + reverse("people:security"),
        "names": [],
    }


def invitation(event: Event, reader: None) -> dict[str, Any]:
    """Return the invitation and its link."""
    found = _invitation(event)
    secret = links.invitation_secret(found.nonce)
    link = links.invitation_link(found)
    return {"invitation": found, "link": link, "secrets": [secret], "names": []}


def is_invitation_open(event: Event, reader: None, at: datetime) -> str:
    """Return why an invitation is not sent any more, "" if it is. Locks it."""
    rows = Invitation.objects.select_for_update(of=("self",)).filter(subject=event.subject_id)
    return "" if rows.open(at).exists() else "The invitation was withdrawn, accepted or has expired."


def invited_address(event: Event) -> str:
    """Return the address of the invited person."""
    return _invitation(event).email


def _invitation(event: Event) -> Invitation:
    return Invitation.objects.select_related("invited_by", "function").get(subject=event.subject_id)
