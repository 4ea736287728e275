"""Mails about change requests: their context, and whether they are still relevant."""

from datetime import datetime
from typing import Any

from catalogue.models import ChangeRequest
from catalogue.queries import change_request as queries
from history.models import Event
from people.models import User

# What a mail says first, by the event.
LEADS = {
    "catalogue.change_request_opened": "This change needs your sign-off.",
    "catalogue.change_request_reviewed": "The review of this change is settled. It now needs a sign-off.",
    "catalogue.change_request_chased": (
        "This emergency change was made without a sign-off and still waits for it."
    ),
    "catalogue.change_effect_due": "The effect of this change is to be checked today.",
}


def context(event: Event, reader: User) -> dict[str, Any]:
    """Return the change request. Its model is visible to everyone who may see the request."""
    request = queries.change_requests().get(subject_id=event.subject_id)
    names = (request.subject_id, request.model.subject_id)
    return {"request": request, "lead": LEADS[event.verb], "names": names}


def is_still_to_sign(event: Event, user: User, at: datetime) -> str:
    """Return why a mail that asks for a sign-off is no longer relevant, "" if it is."""
    request = ChangeRequest.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
    return "" if request.is_open else "The change request is settled."


def is_still_to_check(event: Event, user: User, at: datetime) -> str:
    """Return why a mail that asks for the check of an effect is no longer relevant, "" if it is."""
    request = ChangeRequest.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
    return "" if request.waits_for_effect else "The effect is checked already."
