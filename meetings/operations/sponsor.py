"""Who the sponsor of an action is, and what happens when its block lasts too long."""

from datetime import datetime

from actions.models import Action
from actions.operations import blocked
from history import operations as history
from history.models import Due
from meetings.models import Decision, MeetingSeries
from meetings.queries import series as series_queries
from meetings.queries.facts import facts_of
from people.models import User


@history.in_one_transaction
def raise_blocked(due: Due, *, at: datetime) -> None:
    """Raise a blocked action to its sponsor. Does nothing if this block has ended."""
    action = blocked.stuck(due)
    if action is not None:
        blocked.raise_to(action, sponsor_of(action, at=at), at=at)


def sponsor_of(action: Action, *, at: datetime) -> User | None:
    """Return the sponsor of the meeting series that the action comes from, None without one.

    That is the series whose meeting decided the action; else the smallest series with a sponsor in which the
    team that is responsible for its subject, or a team of its owner, takes part.
    """
    decided = Decision.objects.filter(subject_id=action.origin_id, meeting__isnull=False)
    deciding = decided.values_list("meeting__series__sponsor", flat=True).first()
    if deciding and (sponsor := User.objects.active().filter(pk=deciding).first()):
        return sponsor
    team = facts_of(action.subject).team_id
    teams = {team} if team else set(action.owner.team_ids if action.owner else ())
    sizes = {one.id: one.size for one in series_queries.candidates(at) if one.teams & teams}
    rows = MeetingSeries.objects.filter(pk__in=sizes, sponsor__is_active=True).select_related("sponsor")
    smallest = min(rows, key=lambda one: (sizes[one.pk], one.pk), default=None)
    return smallest.sponsor if smallest else None
