"""The recipients of an event: those its room declares (<room>/events.py), if they may see its subject.

The rules read current rows, so a late call notifies the current people. The actor is not notified unless the
event declares it. A person who may not see the subject is never notified.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from history import declarations
from history.declarations import EventType, default_timing
from history.models import Event, Subject
from history.recipients import group_of
from history.states import NewsGroup, NewsTiming
from kit.prepared import Argument, Prepared
from people import queries as people
from people.models import User


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient of an event.

    group: what the reason is about. timing: when they want to be told. is_mailed: False while their mail goes
    to their stand-in.
    """

    user: User
    reason: str
    group: NewsGroup | None
    timing: NewsTiming
    is_mailed: bool = True
    stands_in_for: int | None = None

    def wants_mail(self, declared: EventType) -> bool:
        """Return whether the event is mailed to this person: in its own form, or in the general one.

        The general form is for groups without mails, if the person wants to be told of them at once.
        """
        if not self.is_mailed or self.timing != NewsTiming.AT_ONCE:
            return False
        if declared.mail is not None:
            return True
        return self.group is not None and default_timing(self.group) == NewsTiming.DIGEST


def of_event(event: Event, *, at: datetime) -> list[Recipient]:
    """Return the recipients of an event, ordered by user id, then their stand-ins at that moment."""
    declared = declarations.find(event.verb)
    if declared is None:
        return []
    reasons: dict[int, str] = {}
    groups: dict[int, NewsGroup | None] = {}
    for rule in declared.recipients:
        for user_id, reason in rule(event).items():
            reasons.setdefault(user_id, reason)
            groups.setdefault(user_id, group_of(rule) or declared.group)
    candidates = User.objects.active().filter(pk__in=reasons).order_by("pk")
    if not declared.is_actor_notified and event.actor_id:
        candidates = candidates.exclude(subject_id=event.actor_id)
    users = who_may_see(candidates, event.subject_id)
    stand_ins = _stand_ins(declared, users, event.subject_id, at)
    found = [
        Recipient(
            user,
            reasons[user.pk],
            groups[user.pk],
            _timing(user, groups[user.pk], declared),
            user.pk not in stand_ins,
        )
        for user in users
    ]
    names = {user.pk: user.name for user in users}
    known = {user.pk for user in users}
    for absent, other in stand_ins.items():
        if other.pk not in known:
            known.add(other.pk)
            reason = f"You stand in for {names[absent]}, who is away"
            group = groups[absent]
            timing = _timing(other, group, declared)
            found.append(Recipient(other, reason, group, timing, stands_in_for=absent))
    return found


def _timing(user: User, group: NewsGroup | None, declared: EventType) -> NewsTiming:
    """Return when a person is told of an event, for the reason that makes them a recipient."""
    if declared.cannot_be_silenced or group is None:
        return NewsTiming.AT_ONCE
    return user.timing_of(group)


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
