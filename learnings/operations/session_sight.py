"""Who may see a learning session: restrict it to teams later, or show it to everyone."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from history import operations as history
from history.operations import GrantReason
from kit.actor import Actor
from kit.refusals import Refused
from learnings import events
from learnings.models import LearningSession, SignUp
from learnings.operations import sign_up
from learnings.states import SignUpState
from people.models import Team, User
from people.queries.restriction import restricted_to


@transaction.atomic
def restrict(
    session: LearningSession,
    *,
    teams: Sequence[Team] | None,
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> LearningSession:
    """Restrict a session and everything below it to these teams; None shows it to everyone.

    Who planned it, speaks or signed up before still sees it. A session that belongs to something restricted
    is seen by those who may see that. Raises Refused(field="teams"), ChangedMeanwhile.
    """
    if session.subject.root_id is not None:
        raise Refused("It is visible to those who may see what it is about.", field="teams")
    if teams is not None and not teams:
        raise Refused("Choose at least one team, or let everyone see it.", field="teams")
    sign_up.lock(session)  # nobody signs up meanwhile
    viewers = None if teams is None else {team.subject_id for team in teams}
    if viewers == restricted_to(session.subject_id):
        return session
    payload = (
        events.SessionOpenedToAll() if viewers is None else events.SessionRestricted(teams=sorted(viewers))
    )
    history.change(session, {}, by=by, at=at, seen=seen, payload=payload, raises_version=True)
    if viewers is not None:
        coming = SignUp.objects.filter(session=session).exclude(state=SignUpState.WITHDRAWN)
        people = User.objects.filter(Q(pk__in=coming.values("person")) | Q(pk=session.speaker_id))
        rows = people.filter(is_active=True).order_by("pk")
        history.grant_sight([session.subject], rows, reason=GrantReason.PARTICIPANT, by=by, at=at)
    history.restrict(session.subject, viewers)
    return session
