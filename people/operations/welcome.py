"""What a person says at their first sign-in: their teams, their time zone, and what they want to be told."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from kit.actor import Actor
from people.models import Team, User
from people.operations import person, team


@transaction.atomic
def settle_in(
    user: User,
    *,
    teams: Iterable[Team] = (),
    by: Actor,
    at: datetime,
    seen: int | None = None,
    **profile: Any,
) -> User:
    """Change the profile of a person, and ask the leads of teams to add them. Raises Refused.

    profile: values that person.change() takes. The person is locked, so that two presses of the button ask
    once.
    """
    person.lock(user, None)
    person.change(user, profile, by=by, at=at, seen=seen)
    for one in teams:
        team.ask_to_join(one, user, by=by, at=at)
    return user
