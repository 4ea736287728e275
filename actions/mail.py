"""Mails about actions: their context, and whether they are still relevant."""

from datetime import datetime
from typing import Any

from actions.models import Action
from history.models import Event
from history.queries import present_data, visible_or_none
from kit.kinds import url_of
from people import queries as people
from people.models import User


def context(event: Event, reader: User) -> dict[str, Any]:
    """Return the action, what it is about and its origin, without those that the reader may not see."""
    action = Action.objects.select_related("about", "origin", "owner").get(subject_id=event.subject_id)
    about, origin = visible_or_none(reader, action.about), visible_or_none(reader, action.origin)
    return {
        "action": action,
        "instead_of": action.owner if action.owner_id != reader.pk else None,
        "about": about,
        "about_path": url_of(about) if about else "",
        "origin": origin,
        "origin_path": url_of(origin) if origin else "",
        "names": [shown.pk for shown in (about, origin) if shown],
    }


def is_still_reviewed_by(event: Event, user: User, at: datetime) -> str:
    """Return why a mail to the reviewer is no longer relevant, "" if it is."""
    action = Action.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
    if not action.is_unfinished:
        return "The action is finished."
    return "" if action.reviewer_id == user.pk else "Somebody else reviews it."


def is_still_theirs(event: Event, user: User, at: datetime) -> str:
    """Return why a mail is no longer relevant, "" if it is: finished, or another owner or due date."""
    action = Action.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
    if not action.is_unfinished:
        return "The action is finished."
    payload = present_data(event)
    if payload.get("due_on", str(action.due_on)) != str(action.due_on):
        return "The action has another due date."
    if payload.get("owner", action.owner_id) != action.owner_id:
        return "The action is assigned to somebody else."
    if action.owner_id == user.pk:
        return ""
    owner = User.objects.filter(pk=action.owner_id).first()
    stand_in = people.stand_in_of(owner, people.local_day(at)) if owner else None
    return "" if stand_in == user else "The action is assigned to somebody else."
