"""Who may see an experiment: where a new one belongs, and restricting it later (ADR 0054)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from catalogue.queries.privacy import demanded_viewers
from history import operations as history
from history.models import Event
from history.operations import GrantReason, NewGrant, Placement, Reach
from kit.actor import SYSTEM, Actor
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
    Raises Refused, as for a team that may not see what it is about: its texts repeat those.
    """
    if experiment.subject.root_id is not None:
        raise Refused("It is visible to those who may see what it is about.", field="teams")
    if teams is not None and not teams:
        raise Refused("Choose at least one team, or let everyone see it.", field="teams")
    subjects = None if teams is None else {team.subject_id for team in teams}
    if experiment.about is not None:
        history.lock_scope(experiment.about)  # it is not restricted meanwhile
    _check_about(experiment, subjects, field="teams")
    if subjects == restricted_to(experiment.subject_id):
        return experiment
    payload: Any = events.ExperimentOpenedToAll()
    if subjects is not None:
        payload = events.ExperimentRestricted(teams=sorted(subjects))
    history.change(experiment, {}, by=by, at=at, seen=seen, payload=payload, raises_version=True)
    history.restrict(experiment.subject, subjects)
    return experiment


def _check_about(experiment: Experiment, teams: Collection[int] | None, *, field: str) -> None:
    """Raise Refused if the experiment would be shown to teams (subject ids) that may not see its source."""
    allowed = restricted_to(experiment.about_id) if experiment.about_id else None
    if allowed is not None and (teams is None or not allowed.issuperset(teams)):
        raise Refused(
            "What it is about is restricted, and its texts repeat that. Choose teams that may see that.",
            field=field,
        )


def restrict_with_source(root_id: int) -> None:
    """Restrict the experiments that are roots of their own and are about something below a restricted root.

    Each keeps those of its teams that may see what it is about. Its owners and who proposed it still see it.
    """
    restricted = Event.objects.filter(subject=root_id).order_by("-id").first()  # the event of the same act
    if restricted is not None:
        _narrow(Q(about=root_id) | Q(about__root=root_id), at=restricted.at, cause=restricted)


def restrict_missing(*, at: datetime) -> None:
    """Restrict the experiments that the code of an earlier release left unrestricted. Idempotent."""
    _narrow(Q(), at=at)


@transaction.atomic
def _narrow(which: Q, *, at: datetime, cause: Event | None = None) -> None:
    rows = Experiment.objects.filter(which, subject__root__isnull=True, about__viewers__isnull=False)
    rows = rows.exclude(subject__viewers__contained_by=F("about__viewers"), subject__viewers__isnull=False)
    for experiment in rows.select_related("subject").select_for_update(of=("self",)).order_by("pk"):
        allowed, own = restricted_to(experiment.about_id or 0) or set(), restricted_to(experiment.subject_id)
        teams = allowed if own is None else own & allowed
        if teams != own:
            payload = events.ExperimentRestricted(teams=sorted(teams))
            moment = max(at, experiment.proposed_at)
            history.change(
                experiment, {}, by=SYSTEM, at=moment, payload=payload, cause=cause, raises_version=True
            )
            history.restrict(experiment.subject, teams)


def placement(
    experiment: Experiment, viewers: Sequence[int] | None, owners: Sequence[User], by: Actor
) -> Placement:
    """Return the placement of a new experiment (ADR 0054).

    It belongs to what it is about, and is seen by the same readers, also when that is restricted later. Else
    it is a root, as restricted at first as its model is. If both are open and the personal data of its model
    demands it, it is a root that is restricted to the teams of the model. Raises Refused(field="only_teams")
    for viewers that may not see what it is about.
    """
    if viewers is not None:
        _check_about(experiment, viewers, field="only_teams")
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
