"""Who stands on the rungs of a ladder: for a running climb, and for "what if this were raised now"."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from actions.models import Action
from catalogue.models import Model
from history.models import Subject
from people.models import Team, User
from people.states import Role
from risklog.models import Review, Reviewer, Risk, Rung
from risklog.queries import availability
from risklog.queries.availability import AvailablePeople
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
    found = owner_and_team_of(about)
    asked = unanswered_about(about).values_list("user_id", flat=True)
    return Concerned(tuple(asked), found.owner, found.team)


def unanswered_about(about: Any) -> QuerySet[Reviewer]:
    """Those asked about a subject and not yet heard, the first asked first. about: a Subject, or OuterRef."""
    waiting = Reviewer.objects.filter(review__state=ReviewState.OPEN, answered_at__isnull=True)
    return waiting.filter(Q(review__subject=about) | Q(review__about=about)).order_by("id")


def owner_and_team_of(about: Subject, *at_hand: Any) -> Concerned:
    """concerned() without those asked. No query where the object, with its team, is among those at hand."""
    if about.kind not in _KINDS:
        return Concerned()
    rows, read = _KINDS[about.kind]
    known = next((one for one in at_hand if one.subject_id == about.pk), None)
    return read(known or rows().get(pk=about.object_id))


def _of_review(review: Review) -> Concerned:
    model = review.model
    return Concerned(
        owner=review.claimed_by_id or (model.developer_id if model else None),
        team=model.owner_team if model else None,
    )


def _of_risk(risk: Risk) -> Concerned:
    return Concerned(owner=risk.owner_id, team=risk.team or (risk.model.owner_team if risk.model else None))


def _of_breach(group: BreachGroup) -> Concerned:
    return _of_model(group.model) if group.model else Concerned()


def _of_model(model: Model) -> Concerned:
    return Concerned(owner=model.developer_id, team=model.owner_team)


def _of_action(action: Action) -> Concerned:
    served = action.about if action.about and action.about.kind != Action.KIND else None
    team = owner_and_team_of(served).team if served else None
    if team is None and action.owner_id:
        teams = list(Team.objects.filter(memberships__user=action.owner_id)[:2])
        team = teams[0] if len(teams) == 1 else None
    return Concerned(owner=action.owner_id, team=team)


_KINDS: dict[str, tuple[Callable[[], QuerySet[Any]], Callable[[Any], Concerned]]] = {
    Review.KIND: (lambda: Review.objects.select_related("model__owner_team"), _of_review),
    Risk.KIND: (lambda: Risk.objects.select_related("team", "model__owner_team"), _of_risk),
    BreachGroup.KIND: (lambda: BreachGroup.objects.select_related("model__owner_team"), _of_breach),
    Model.KIND: (lambda: Model.objects.select_related("owner_team"), _of_model),
    Action.KIND: (lambda: Action.objects.select_related("about"), _of_action),
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
    on: AvailablePeople
    empty: str


@dataclass(frozen=True, slots=True)
class Crew:
    """People by id, also those who left, and who of them is away: user id -> id of the stand-in."""

    everyone: dict[int, User]
    away: dict[int, int | None]

    def on(self, rungs: Sequence[Rung], known: Concerned) -> list[Staff]:
        """Who of them stands on each rung."""
        active = {pk: one for pk, one in self.everyone.items() if one.is_active}
        found = []
        for rung in rungs:
            wanted = _ids_on(rung, known, active)
            there = availability.among(wanted, active, self.away)
            is_left = wanted and not any(pk in active for pk in wanted)
            why = _LEFT if is_left else _why_empty(rung, wanted, known)
            found.append(Staff(rung, there, "" if there.people else why))
        return found


def crew(
    ladders: Sequence[tuple[Sequence[Rung], Concerned]], *, told: Iterable[int] = (), at: datetime
) -> Crew:
    """All whom these rungs may call at this moment, each ladder for what it is about; and those told before.

    One query, however many ladders.
    """
    ids: set[int | None] = set(told)
    functions: set[int | None] = set()
    for rungs, known in ladders:
        ids |= {*known.asked, known.owner, known.team.lead_id if known.team else None}
        ids |= {rung.person_id for rung in rungs}
        functions |= {rung.function_id for rung in rungs if rung.who == Who.FUNCTION}
    named = Q(pk__in=ids - {None}) | Q(function__in=functions - {None})
    return Crew(*availability.people_and_absences(named, on=availability.day_of(at)))


def staff(rungs: Sequence[Rung], known: Concerned, *, at: datetime) -> list[Staff]:
    """Who stands on each rung at this moment."""
    return crew([(rungs, known)], at=at).on(rungs, known)


def _ids_on(rung: Rung, known: Concerned, active: dict[int, User]) -> list[int]:
    owner = [known.owner] if known.owner else []
    match rung.who:
        case Who.REVIEWERS:
            return list(known.asked) or owner
        case Who.OWNER:
            return owner
        case Who.TEAM_LEAD:
            return [known.team.lead_id] if known.team and known.team.lead_id else []
        case Who.FUNCTION:
            return [
                pk
                for pk, one in sorted(active.items())
                if one.function_id == rung.function_id and one.role != Role.VIEWER
            ]
        case _:
            return [rung.person_id] if rung.person_id else []


_LEFT = "has left without a successor"


def _why_empty(rung: Rung, wanted: list[int], known: Concerned) -> str:
    if wanted:
        return "absent without a stand-in"
    match rung.who:
        case Who.REVIEWERS:
            return "no reviewers and no owner"
        case Who.OWNER:
            return "no owner"
        case Who.TEAM_LEAD:
            return "the team has no lead" if known.team else "no team"
        case Who.FUNCTION:
            return "nobody has this function"
        case _:
            return "no person chosen"


def last_resort() -> list[User]:
    """Those who hear when a whole ladder is empty: risk managers, else administrators."""
    for role in (Role.RISK_MANAGER, Role.ADMINISTRATOR):
        found = list(User.objects.active().filter(role=role).select_related("subject").order_by("id"))
        if found:
            return found
    return []
