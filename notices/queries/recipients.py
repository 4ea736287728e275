"""Who is told of an event: what its room declares (<room>/events.py), as far as each may see its subject.

The rules read present rows, so a late call tells the people of now. Who acted is not told, unless the event
is declared so; whoever may not see the subject is never told.
"""

from collections.abc import Iterable

from history import declarations
from history.models import Event, Subject
from people.models import User


def of_event(event: Event) -> list[tuple[User, str]]:
    """Return the recipients of an event with the reason of each, ordered by user id."""
    declared = declarations.find(event.verb)
    if declared is None:
        return []
    reasons: dict[int, str] = {}
    for rule in declared.recipients:
        for user_id, reason in rule(event).items():
            reasons.setdefault(user_id, reason)
    people = User.objects.active().filter(pk__in=reasons).order_by("pk")
    if not declared.is_actor_told and event.actor_id:
        people = people.exclude(subject_id=event.actor_id)
    return [(user, reasons[user.pk]) for user in who_may_see(people, event.subject_id)]


def who_may_see(people: Iterable[User], subject_id: int) -> list[User]:
    """Return those who may see a subject now. Only a restricted subject costs a query for each person."""
    subject = Subject.objects.get(pk=subject_id)
    if subject.viewers is None:
        return list(people)
    return [user for user in people if Subject.objects.visible_to(user).filter(pk=subject_id).exists()]
