"""Which decision right applies to a model: its own, else that of its team, else that of the organisation."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from catalogue.states import RightScope


class Scoped(Protocol):
    """A decision right. It belongs to a model, to a team, or to the organisation if both are None."""

    kind: str
    model_id: int | None
    team_id: int | None


R = TypeVar("R", bound=Scoped)


def scope_of(right: Scoped) -> RightScope:
    if right.model_id is not None:
        return RightScope.MODEL
    return RightScope.TEAM if right.team_id is not None else RightScope.ORGANISATION


def that_apply(rights: Iterable[R], *, model_id: int | None, team_id: int | None) -> dict[str, R]:
    """Return kind -> the right that applies to a model of this team.

    rights: at most one for each kind and scope; rights of other models and teams are ignored. model_id,
    team_id: None if there is no model, or if it has no owner team.
    """
    order = list(RightScope)
    applying: dict[str, R] = {}
    for right in sorted(rights, key=lambda right: order.index(scope_of(right))):
        is_general = right.model_id is None and right.team_id is None
        is_of_model = right.model_id is not None and right.model_id == model_id
        is_of_team = right.team_id is not None and right.team_id == team_id
        if is_general or is_of_model or is_of_team:
            applying.setdefault(right.kind, right)
    return applying
