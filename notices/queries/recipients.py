"""The recipients of an event: those its room declares (<room>/events.py), if they may see its subject.

The rules read current rows, so a late call notifies the current people. The actor is not notified unless the
event declares it. A person who may not see the subject is never notified.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from history import declarations
from history.declarations import EventType
from history.models import Event, Subject
from kit.prepared import Argument, Prepared
from people import queries as people
from people.models import User


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient of an event. is_mailed: False while their mail goes to their stand-in."""

    user: User
    reason: str
    is_mailed: bool = True
    stands_in_for: int | None = None


def of_event(event: Event, *, at: datetime) -> list[Recipient]:
    """Return the recipients of an event, ordered by user id, then their stand-ins at that moment."""
    declared = declarations.find(event.verb)
    if declared is None:
        return []
    reasons: dict[int, str] = {}
    for rule in declared.recipients:
        for user_id, reason in rule(event).items():
            reasons.setdefault(user_id, reason)
    candidates = User.objects.active().filter(pk__in=reasons).order_by("pk")
    if not declared.is_actor_notified and event.actor_id:
        candidates = candidates.exclude(subject_id=event.actor_id)
    users = who_may_see(candidates, event.subject_id)
    stand_ins = _stand_ins(declared, users, event.subject_id, at)
    found = [Recipient(user, reasons[user.pk], user.pk not in stand_ins) for user in users]
    names = {user.pk: user.name for user in users}
    known = {user.pk for user in users}
    for absent, other in stand_ins.items():
        if other.pk not in known:
            known.add(other.pk)
            found.append(
                Recipient(other, f"You stand in for {names[absent]}, who is away", stands_in_for=absent)
            )
    return found


def _stand_ins(declared: EventType, users: Iterable[User], subject_id: int, at: datetime) -> dict[int, User]:
    """Return, by the id of each recipient who is away, the person who gets their mail."""
    if declared.mail is None or not declared.mail.goes_to_stand_in:
        return {}
    found = people.stand_ins(users, people.local_day(at))
    others = {pk: other for pk, other in found.items() if other is not None and other.pk != pk}
    seeing = {user.pk for user in who_may_see(others.values(), subject_id)}
    return {pk: other for pk, other in others.items() if other.pk in seeing}


_SUBJECT = Prepared(lambda: Subject.objects.filter(pk=Argument("pk")))


def who_may_see(readers: Iterable[User], subject_id: int) -> list[User]:
    """Return the readers who may see a subject now. Only a restricted subject costs a query per person."""
    if _SUBJECT.rows(pk=subject_id)[0].viewers is None:
        return list(readers)
    return [user for user in readers if Subject.objects.visible_to(user).filter(pk=subject_id).exists()]
