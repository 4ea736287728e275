"""The owners of experiments: people of at least two teams."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from history import operations as history
from history.operations import GrantReason
from history.writing import FurtherRow
from kit.actor import Actor
from kit.refusals import Refused
from people.models import User
from people.states import Role
from risklog.models import Experiment, ExperimentOwner

MAX_OWNERS = 10
TWO_TEAMS = "Choose owners of at least two teams, so that nobody tests their own work alone."


def checked(owners: Iterable[User], *, is_needed: bool = False) -> list[User]:
    """Return the owners, each once. Raises Refused unless they are of two teams or nobody is chosen yet."""
    chosen = list(dict.fromkeys(owners))
    if not chosen and not is_needed:
        return []
    for user in chosen:
        if not user.is_active or user.role == Role.VIEWER:
            raise Refused(f"{user.name} cannot own an experiment. Choose an active member.", field="owners")
    if len(chosen) > MAX_OWNERS:
        raise Refused(f"Choose at most {MAX_OWNERS} people.", field="owners")
    in_teams = [user for user in chosen if user.team_ids]
    teams = {team for user in in_teams for team in user.team_ids}
    if len(in_teams) < 2 or len(teams) < 2:
        raise Refused(TWO_TEAMS, field="owners")
    return chosen


def replacing(experiment: Experiment, owners: Sequence[User] | None) -> tuple[list[FurtherRow], list[int]]:
    """Return the rows that make these people the owners, and the ids of the new ones. None: no change."""
    if owners is None:
        return [], []
    chosen = checked(owners, is_needed=experiment.is_running)
    rows = {row.user_id: row for row in experiment.owners.select_related("user__subject").order_by("pk")}
    wanted = {user.pk for user in chosen}
    added: list[FurtherRow] = []
    told = []
    for user in chosen:
        row = rows.get(user.pk)
        if row is None or not row.is_current:
            told.append(user.pk)
            new = ExperimentOwner(experiment=experiment, user=user)
            added.append(new if row is None else (row, {"is_current": True}))
    ended: list[FurtherRow] = [
        (row, {"is_current": False}) for pk, row in rows.items() if row.is_current and pk not in wanted
    ]
    return [*added, *ended], told


def hand_over_sight(experiment: Experiment, rows: Sequence[FurtherRow], *, by: Actor, at: datetime) -> None:
    """Let new owners see the experiment, and end the sight of former ones."""
    saved = [row[0] if isinstance(row, tuple) else row for row in rows]
    owners = [row for row in saved if isinstance(row, ExperimentOwner)]
    subject, reason = experiment.subject, GrantReason.OWNER
    new = [owner.user for owner in owners if owner.is_current]
    former = [owner.user for owner in owners if not owner.is_current]
    if subject.root_id is None:
        moves = [(subject, None, user) for user in new] + [(subject, user, None) for user in former]
        history.hand_over_roots(moves, reason=reason, by=by, at=at)
    else:
        history.grant_sight([subject], new, reason=reason, by=by, at=at)
        history.end_sight([subject], former, reason=reason, by=by, at=at)
