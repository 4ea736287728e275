"""What a mail about a subject needs to say so that it can be answered from it: the facts, by kind of subject.

Whatever the recipient may not see is left out, or is a slot without a name.
"""

from collections.abc import Callable
from typing import Any

from actions.models import Action
from history.models import Subject
from kit.kinds import url_of
from meetings.models import Decision, Meeting
from meetings.states import ItemState
from notices.models import Message
from people.models import User
from risklog.models import Climb, Escalation, Review, Risk
from risklog.queries import rung as rungs
from signals.models import Breach

_BREACHES = 5


def of(message: Message) -> dict[str, Any]:
    """The context of the kind's templates; {} for a kind that has none."""
    read = _READERS.get(message.subject.kind) if message.subject else None
    return read(message) if read else {}


def seen(user: User, subject: Subject | None) -> Subject | None:
    """A subject this person may see, None otherwise."""
    if subject is None:
        return None
    return Subject.objects.visible_to(user).filter(pk=subject.pk).first()


def _review(message: Message) -> dict[str, Any]:
    review = Review.objects.select_related("about", "model", "claimed_by").get(subject_id=message.subject_id)
    about = seen(message.user, review.about)
    answers = review.reviewers.select_related("user", "function", "stands_in_for").order_by("id")
    mine = next((one for one in answers if one.user_id == message.user_id), None)
    return {
        "review": review,
        "about": about,
        "about_path": url_of(about) if about else "",
        "breaches": _breaches(about),
        "answers": answers,
        "instead_of": mine.stands_in_for if mine else None,
    }


def _breaches(about: Subject | None) -> list[Breach]:
    """The worst breaches of a group, with the limits that judged them."""
    if about is None or about.kind != "breach":
        return []
    rows = Breach.objects.filter(group__subject=about).select_related(
        "series", "threshold", "threshold_version"
    )
    return list(rows.order_by("-state", "-level", "id")[:_BREACHES])


def _escalation(message: Message) -> dict[str, Any]:
    found = Escalation.objects.select_related("about", "acknowledged_by").get(subject_id=message.subject_id)
    climbs = Climb.objects.filter(escalation=found).order_by("round", "position")
    called = [one for one in climbs if message.user_id in one.told]
    absent = called[-1].stand_ins.get(str(message.user_id)) if called else None
    about = seen(message.user, found.about)
    return {
        "escalation": found,
        "about": about,
        "about_path": url_of(about) if about else "",
        "owner": User.objects.filter(pk=rungs.concerned(found.about).owner).first() if about else None,
        "instead_of": User.objects.filter(pk=absent).first() if absent else None,
    }


def _action(message: Message) -> dict[str, Any]:
    action = Action.objects.select_related("about", "origin").get(subject_id=message.subject_id)
    about, origin = seen(message.user, action.about), seen(message.user, action.origin)
    return {
        "action": action,
        "about": about,
        "about_path": url_of(about) if about else "",
        "origin": origin,
        "origin_path": url_of(origin) if origin else "",
    }


def _meeting(message: Message) -> dict[str, Any]:
    rows = Meeting.objects.select_related("series", "focus", "facilitator", "stand_in")
    meeting = rows.get(subject_id=message.subject_id)
    items: list[Any] = list(
        meeting.items.exclude(state=ItemState.DROPPED).select_related("about").order_by("rank", "id")
    )
    ids = {item.about_id for item in items if item.about_id}
    visible = set(Subject.objects.visible_to(message.user).filter(pk__in=ids).values_list("pk", flat=True))
    for item in items:
        item.is_hidden = item.about_id is not None and item.about_id not in visible
    decisions = list(
        Decision.objects.visible_to(message.user)
        .filter(meeting=meeting)
        .select_related("subject")
        .order_by("decided_at", "id")
    )
    actions = Action.objects.visible_to(message.user).filter(origin__in=[one.subject_id for one in decisions])
    return {
        "meeting": meeting,
        "items": items,
        "minutes": sum(item.minutes for item in items),
        "decisions": decisions,
        "actions": list(actions.select_related("owner", "subject").order_by("id")),
        "is_leading": meeting.facilitator_id == message.user_id,
    }


def _risk(message: Message) -> dict[str, Any]:
    rows = Risk.objects.select_related("category", "model", "owner", "team")
    return {"risk": rows.get(subject_id=message.subject_id)}


_READERS: dict[str, Callable[[Message], dict[str, Any]]] = {
    Review.KIND: _review,
    Escalation.KIND: _escalation,
    Action.KIND: _action,
    Meeting.KIND: _meeting,
    Risk.KIND: _risk,
}
