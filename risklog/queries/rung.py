"""Who stands on the rungs of a ladder: for a running climb, and for "what if this were raised now"."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from actions.models import Action
from catalogue.models import Model
from history.models import Subject
from people.models import Team, User
from people.states import Role
from risklog.models import Review, Reviewer, Risk, Rung
from risklog.queries import presence
from risklog.queries.presence import Present
from risklog.states import ReviewState, Who
from signals.models import BreachGroup


@dataclass(frozen=True, slots=True)
class Concerned:
    """Whom a subject concerns: ids of those asked and not yet heard, its owner, its team."""

    asked: tuple[int, ...] = ()
    owner: int | None = None
    team: Team | None = None


def concerned(about: Subject | None) -> Concerned:
    """Who was asked about a subject, who owns it, and which team it belongs to; as far as it is known."""
    if about is None:
        return Concerned()
    found = _KINDS.get(about.kind, _nobody)(about.object_id)
    waiting = Reviewer.objects.filter(review__state=ReviewState.OPEN, answered_at__isnull=True).order_by("id")
    asked = waiting.filter(review__subject=about) | waiting.filter(review__about=about)
    return Concerned(tuple(asked.values_list("user_id", flat=True)), found.owner, found.team)


def _nobody(pk: int) -> Concerned:
    return Concerned()


def _of_review(pk: int) -> Concerned:
    review = Review.objects.select_related("model__owner_team__lead").get(pk=pk)
    model = review.model
    return Concerned(
        owner=review.claimed_by_id or (model.developer_id if model else None),
        team=model.owner_team if model else None,
    )


def _of_risk(pk: int) -> Concerned:
    risk = Risk.objects.select_related("team__lead", "model__owner_team__lead").get(pk=pk)
    return Concerned(owner=risk.owner_id, team=risk.team or (risk.model.owner_team if risk.model else None))


def _of_breach(pk: int) -> Concerned:
    model = BreachGroup.objects.select_related("model__owner_team__lead").get(pk=pk).model
    return Concerned(owner=model.developer_id, team=model.owner_team) if model else Concerned()


def _of_model(pk: int) -> Concerned:
    model = Model.objects.select_related("owner_team__lead").get(pk=pk)
    return Concerned(owner=model.developer_id, team=model.owner_team)


def _of_action(pk: int) -> Concerned:
    action = Action.objects.select_related("about").get(pk=pk)
    served = action.about if action.about and action.about.kind != Action.KIND else None
    team = concerned(served).team if served else None
    if team is None and action.owner_id:
        teams = list(Team.objects.filter(memberships__user=action.owner_id).select_related("lead")[:2])
        team = teams[0] if len(teams) == 1 else None
    return Concerned(owner=action.owner_id, team=team)


_KINDS = {
    Review.KIND: _of_review,
    Risk.KIND: _of_risk,
    BreachGroup.KIND: _of_breach,
    Model.KIND: _of_model,
    Action.KIND: _of_action,
}


def model_of(about: Subject) -> Model | None:
    """The model a subject is about, as far as one is named."""
    rows = {
        Model.KIND: Model.objects.all(),
        Risk.KIND: Model.objects.filter(pk__in=Risk.objects.filter(pk=about.object_id).values("model")),
        BreachGroup.KIND: Model.objects.filter(
            pk__in=BreachGroup.objects.filter(pk=about.object_id).values("model")
        ),
    }.get(about.kind)
    if rows is None:
        return None
    found = rows.filter(pk=about.object_id) if about.kind == Model.KIND else rows
    return found.select_related("owner_team").first()


@dataclass(frozen=True, slots=True)
class Staff:
    """One rung with the people on it now; `empty` says why there is nobody."""

    rung: Rung
    on: Present
    empty: str


def staff(rungs: Sequence[Rung], known: Concerned, *, at: datetime) -> list[Staff]:
    """Who stands on each rung at this moment. Costs four queries, however many rungs."""
    return staff_of_each([(rungs, known)], at=at)[0]


def staff_of_each(ladders: Sequence[tuple[Sequence[Rung], Concerned]], *, at: datetime) -> list[list[Staff]]:
    """staff() of several ladders, each about something of its own. Costs four queries, however many."""
    of_function = _of_functions([rung for rungs, _ in ladders for rung in rungs])
    wanted = [
        {rung.position: _ids_on(rung, known, of_function) for rung in rungs} for rungs, known in ladders
    ]
    away = presence.away_on(presence.day_of(at))
    ids = {one for groups in wanted for group in groups.values() for one in group}
    stand_ins = {other for one in ids if (other := away.get(one))}
    everyone = presence.active_by_id(ids | stand_ins)
    found = []
    for (rungs, known), groups in zip(ladders, wanted, strict=True):
        staffed = []
        for rung in rungs:
            on = presence.present(groups[rung.position], everyone, away)
            staffed.append(
                Staff(rung, on, "" if on.people else _why_empty(rung, groups[rung.position], known))
            )
        found.append(staffed)
    return found


def _of_functions(rungs: Sequence[Rung]) -> dict[int, list[int]]:
    """Whom the functions named on these rungs consist of."""
    functions = {rung.function_id for rung in rungs if rung.who == Who.FUNCTION and rung.function_id}
    of_function: dict[int, list[int]] = {one: [] for one in functions}
    if functions:
        rows = User.objects.active().filter(function__in=functions).exclude(role=Role.VIEWER)
        for user_id, function_id in rows.order_by("id").values_list("id", "function_id"):
            of_function[function_id].append(user_id)
    return of_function


def _ids_on(rung: Rung, known: Concerned, of_function: dict[int, list[int]]) -> list[int]:
    owner = [known.owner] if known.owner else []
    match rung.who:
        case Who.REVIEWERS:
            return list(known.asked) or owner
        case Who.OWNER:
            return owner
        case Who.TEAM_LEAD:
            return [known.team.lead_id] if known.team and known.team.lead_id else []
        case Who.FUNCTION:
            return of_function.get(rung.function_id or 0, [])
        case _:
            return [rung.person_id] if rung.person_id else []


def _why_empty(rung: Rung, wanted: list[int], known: Concerned) -> str:
    if wanted:
        return "away, and no stand-in is there"
    match rung.who:
        case Who.REVIEWERS:
            return "nobody was asked, and it has no owner"
        case Who.OWNER:
            return "it has no owner"
        case Who.TEAM_LEAD:
            return "the team has no lead" if known.team else "no team is known for it"
        case Who.FUNCTION:
            return "nobody is of this function"
        case _:
            return "nobody is named"


def last_resort() -> list[User]:
    """Those who hear when a whole ladder is empty: risk managers, else administrators."""
    for role in (Role.RISK_MANAGER, Role.ADMINISTRATOR):
        found = list(User.objects.active().filter(role=role).select_related("subject").order_by("id"))
        if found:
            return found
    return []


def those_who(ids: Iterable[int]) -> list[User]:
    """People by id, also those who have left: for what was."""
    return list(User.objects.filter(pk__in=set(ids)).select_related("subject").order_by("name", "id"))
