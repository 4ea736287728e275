"""Set how many hours a month a sponsor allots to risk work."""

from datetime import datetime

from django.db import transaction

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from leaders.models import MAX_HOURS, Allotment
from people.models import Team, User


@transaction.atomic
def put(*, hours: int, by: Actor, at: datetime, team: Team | None = None) -> Allotment:
    """Set the hours of the person who acts, for a team or the organisation. 0 takes them back.

    Raises Refused(field="hours").
    """
    if by.person is None:
        raise Refused("A person allots hours, not the system.", field="hours")
    if not 0 <= hours <= MAX_HOURS:
        raise Refused(f"Use a whole number of hours from 0 to {MAX_HOURS}.", field="hours")
    sponsor = User.objects.select_for_update(of=("self",)).get(pk=by.person.pk)  # two tabs: one row
    known = Allotment.objects.select_related("subject").filter(sponsor=sponsor, team=team).first()
    if known is None:
        allotment = Allotment(sponsor=sponsor, team=team, hours=hours, set_at=at)
        history.record(allotment, "leaders.hours_allotted", by=by, at=at)
        return allotment
    history.change(known, {"hours": hours, "set_at": at}, by=by, at=at, verb="leaders.hours_changed")
    return known
