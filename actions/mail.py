"""What a mail about an action states, and whether it is still to be sent."""

from datetime import datetime
from typing import Any

from actions.models import Action
from history.models import Subject
from history.queries import visible_or_none
from kit.kinds import url_of
from people.models import User


def context(subject: Subject, reader: User) -> dict[str, Any]:
    """Return the action, what it is about and where it comes from, as far as the reader may see those."""
    action = Action.objects.select_related("about", "origin").get(subject_id=subject.pk)
    about, origin = visible_or_none(reader, action.about), visible_or_none(reader, action.origin)
    return {
        "action": action,
        "about": about,
        "about_path": url_of(about) if about else "",
        "origin": origin,
        "origin_path": url_of(origin) if origin else "",
    }


def is_still_theirs(subject_id: int, user: User, at: datetime) -> str:
    """Return why a mail is not to be sent any more: the action is settled, or has another owner."""
    action = Action.objects.select_for_update(of=("self",)).get(subject_id=subject_id)
    if not action.is_unfinished:
        return "The action is finished."
    return "" if action.owner_id == user.pk else "The action is assigned to somebody else."
