"""Mails about actions: their context, and whether they are still relevant."""

from datetime import datetime
from typing import Any

from actions.models import Action
from history.models import Event
from history.queries import present_data, visible_or_none
from kit.kinds import url_of
from people import queries as people
from people.models import User

REMINDED = "actions.action_reminded"


def context(event: Event, reader: User) -> dict[str, Any]:
    """Return the action, what it is about and its origin, without those that the reader may not see."""
    action = Action.objects.select_related("about", "origin", "owner").get(subject_id=event.subject_id)
    about, origin = visible_or_none(reader, action.about), visible_or_none(reader, action.origin)
    others = _others(event, reader)
    return {
        "action": action,
        "instead_of": action.owner if action.owner_id != reader.pk else None,
        "about": about,
        "about_path": url_of(about) if about else "",
        "origin": origin,
        "origin_path": url_of(origin) if origin else "",
        "others": others,
        "names": [
            *(shown.pk for shown in (about, origin) if shown),
            *(one.subject_id for one, _, _ in others),
        ],
    }


def _others(event: Event, reader: User) -> list[tuple[Action, str, str]]:
    """Return the other actions of a mail of reminders: (action, "before" or "after", its path)."""
    found = _reminded(event, reader) if event.verb == REMINDED else []
    return [(action, when, url_of(action.subject)) for one, action, when in found if one != event.pk]


def _reminded(event: Event, reader: User) -> list[tuple[int, Action, str]]:
    """Return (id of the event, action, kind) of the reminders that were written together and still apply."""
    events = Event.objects.filter(verb=event.verb, at=event.at, batch=event.batch).order_by("pk")
    rows = Action.objects.visible_to(reader).select_related("subject", "owner")
    actions = {one.subject_id: one for one in rows.filter(subject__in=events.values("subject"))}
    found = []
    for other in events:
        action, payload = actions.get(other.subject_id), present_data(other)
        if action is None or not action.is_unfinished:
            continue
        if (str(action.due_on), action.owner_id) == (payload["due_on"], payload["owner"]):
            found.append((other.pk, action, payload["when"]))
    return found


def is_still_reviewed_by(event: Event, user: User, at: datetime) -> str:
    """Return why a mail to the reviewer is no longer relevant, "" if it is."""
    action = Action.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
    if not action.is_unfinished:
        return "The action is finished."
    return "" if action.reviewer_id == user.pk else "Somebody else reviews it."


def is_still_blocked(event: Event, user: User, at: datetime) -> str:
    """Return why a mail about a long block is no longer relevant, "" if it is."""
    action = Action.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
    return "" if action.raised_at else "The action is no longer blocked."


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
    owner = User.objects.filter(pk=action.owner_id).first()
    if action.owner_id != user.pk:
        stand_in = people.stand_in_of(owner, people.local_day(at)) if owner else None
        if stand_in != user:
            return "The action is assigned to somebody else."
    return _is_in_another_mail(event, user)


def _is_in_another_mail(event: Event, user: User) -> str:
    """Return why a reminder has no mail of its own: the first one of those written together has them all."""
    if event.verb != REMINDED:
        return ""
    first, action, _ = next(iter(_reminded(event, user)), (event.pk, None, ""))
    return "" if first == event.pk or action is None else f"It is in the mail about {action.reference}."
