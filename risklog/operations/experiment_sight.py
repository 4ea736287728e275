"""Who may see an experiment: where a new one belongs, and restricting it later (ADR 0054)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from catalogue.queries.privacy import demanded_viewers
from history import operations as history
from history.operations import GrantReason, NewGrant, Placement, Reach
from kit.actor import Actor
from kit.refusals import Refused
from people.models import Team, User
from people.queries.restriction import restricted_to
from risklog.events import experiment as events
from risklog.models import Experiment


@transaction.atomic
def restrict(
    experiment: Experiment,
    *,
    teams: Sequence[Team] | None,
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> Experiment:
    """Restrict an experiment and everything below it to these teams; None shows it to everyone.

    Its owners and who proposed it still see it. One that belongs to what it is about is restricted with that.
    Raises Refused.
    """
    if experiment.subject.root_id is not None:
        raise Refused("It is visible to those who may see what it is about.", field="teams")
    if teams is not None and not teams:
        raise Refused("Choose at least one team, or let everyone see it.", field="teams")
    subjects = None if teams is None else {team.subject_id for team in teams}
    if subjects == restricted_to(experiment.subject_id):
        return experiment
    payload: Any = events.ExperimentOpenedToAll()
    if subjects is not None:
        payload = events.ExperimentRestricted(teams=sorted(subjects))
    history.change(experiment, {}, by=by, at=at, seen=seen, payload=payload, raises_version=True)
    history.restrict(experiment.subject, subjects)
    return experiment


def placement(
    experiment: Experiment, viewers: Sequence[int] | None, owners: Sequence[User], by: Actor
) -> Placement:
    """Return the placement of a new experiment (ADR 0054).

    It belongs to what it is about, and is seen by the same readers, also when that is restricted later. Else
    it is a root, as restricted at first as its model is. If both are open and the personal data of its model
    demands it, it is a root that is restricted to the teams of the model.
    """
    about, model = experiment.about, experiment.model
    is_open = about is None or about.viewers is None
    is_root = about is None or (is_open and model is not None and model.subject.viewers is not None)
    parent = (model.subject if model else None) if is_root else about
    if viewers is None:
        viewers = demanded_viewers(model, parent)
    reach = Reach.ROOT if is_root or viewers is not None else Reach.OBJECT
    people = [NewGrant(user.subject_id, GrantReason.OWNER, reach) for user in owners]
    if by.subject_id:
        people.append(NewGrant(by.subject_id, GrantReason.RAISER, reach))
    return Placement(parent=parent, is_root=is_root, viewers=viewers, grants=people)
