"""The recipients of events about breaches and thresholds."""

from history.models import Event
from kit.prepared import Argument, Prepared
from people.recipients import team_members
from signals.models import BreachGroup, Threshold

_TEAM = "The model belongs to your team"

_GROUP = Prepared(lambda: BreachGroup.objects.select_related("model").filter(subject=Argument("subject")))


def team_of_breach(event: Event) -> dict[int, str]:
    """Return the owner team of the model that a breach group is about."""
    group = _GROUP.first(subject=event.subject_id)
    return team_members(group.model.owner_team_id if group and group.model else None, _TEAM)


def team_of_threshold(event: Event) -> dict[int, str]:
    """Return the owner team of the model whose threshold this is."""
    threshold = Threshold.objects.select_related("series__model").filter(subject_id=event.subject_id).first()
    model = threshold.series.model if threshold and threshold.series else None
    return team_members(model.owner_team_id if model else None, _TEAM)
