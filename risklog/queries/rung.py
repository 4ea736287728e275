"""Who is on the rungs of a ladder, for an open escalation and for the preview of a ladder."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from actions.models import Action
from catalogue.models import Model
from history.models import Subject
from people import queries as people
from people import roster
from people.models import Team, User
from people.states import Role
from risklog.models import Review, Reviewer, Risk, Rung
from risklog.queries import availability
from risklog.queries.availability import AvailablePeople
from risklog.states import ReviewState, Who
from signals.models import BreachGroup


@dataclass(frozen=True, slots=True)
class Concerned:
    """The people of a subject that rungs can notify.

    asked: ids of reviewers who have not answered. owner: id of the owner. team: the team it belongs to.
    """

    asked: tuple[int, ...] = ()
    owner: int | None = None
    team: Team | None = None


def concerned(about: Subject | None) -> Concerned:
    """Return the reviewers, the owner and the team of a subject, as far as they are known."""
    if about is None:
        return Concerned()
    known = owner_and_team_of(about)
    asked = unanswered_about(about).values_list("user_id", flat=True)
    return Concerned(tuple(asked), known.owner, known.team)


def unanswered_about(about: Any) -> QuerySet[Reviewer]:
    """Return the reviewers of a subject who have not answered, in the order they were asked.

    about: a Subject or an OuterRef.
    """
    waiting = Reviewer.objects.unanswered().filter(review__state=ReviewState.OPEN)
    return waiting.filter(Q(review__subject=about) | Q(review__about=about)).order_by("id")


def owner_and_team_of(about: Subject, *loaded: Any) -> Concerned:
    """Return concerned() without the reviewers.

    loaded: objects the caller has with their teams. No query if the object of `about` is among them.
    """
    if about.kind not in _KINDS:
        return Concerned()
    rows, read = _KINDS[about.kind]
    known = next((obj for obj in loaded if obj.subject_id == about.pk), None)
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
    subject = action.about if action.about and action.about.kind != Action.KIND else None
    team = owner_and_team_of(subject).team if subject else None
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
    """Return the model of a subject, None if it has none."""
    rows = {
        Model.KIND: Model.objects.all(),
        Risk.KIND: Model.objects.filter(pk__in=Risk.objects.filter(pk=about.object_id).values("model")),
        BreachGroup.KIND: Model.objects.filter(
            pk__in=BreachGroup.objects.filter(pk=about.object_id).values("model")
        ),
    }.get(about.kind)
    if rows is None:
        return None
    models = rows.filter(pk=about.object_id) if about.kind == Model.KIND else rows
    return models.select_related("owner_team").first()


@dataclass(frozen=True, slots=True)
class Staff:
    """A rung with the people on it. empty: why it has none, "" if it has some."""

    rung: Rung
    on: AvailablePeople
    empty: str


@dataclass(frozen=True, slots=True)
class Crew:
    """The people of some ladders.

    everyone: by id, also who left. away: user id -> id of the stand-in. turns: function id -> the people of
    its duty roster, and the number of the turn.
    """

    everyone: dict[int, User]
    away: dict[int, int | None]
    turns: dict[int, tuple[list[int], int]]

    def on(self, rungs: Sequence[Rung], known: Concerned) -> list[Staff]:
        """Return who is on each rung. known: the people of the subject."""
        active = {pk: person for pk, person in self.everyone.items() if person.is_active}
        staffed = []
        for rung in rungs:
            on_duty = self._on_duty(rung, active) if rung.who == Who.FUNCTION else None
            user_ids = _ids_on(rung, known, active)
            available = on_duty or availability.among(user_ids, active, self.away)
            have_left = user_ids and not any(pk in active for pk in user_ids)
            why = _LEFT if have_left else _why_empty(rung, user_ids, known)
            staffed.append(Staff(rung, available, "" if available.people else why))
        return staffed

    def _on_duty(self, rung: Rung, active: dict[int, User]) -> AvailablePeople | None:
        """Return the person of the function who is on duty; None without a roster, or if nobody is here."""
        turn = self.turns.get(rung.function_id or 0)
        if turn is None:
            return None
        can_act = {pk for pk, person in active.items() if person.role != Role.VIEWER}
        found = roster.on_duty(*turn, can_act, self.away)
        if found.person is None:
            return None
        is_replaced = found.instead_of in active
        stand_ins = {found.person: found.instead_of} if found.instead_of and is_replaced else {}
        return AvailablePeople([active[found.person]], stand_ins)


def crew(
    ladders: Sequence[tuple[Sequence[Rung], Concerned]], *, told: Iterable[int] = (), at: datetime
) -> Crew:
    """Return the people whom these rungs may notify at this moment. One query, however many ladders.

    ladders: (rungs, people of the subject) pairs. told: ids of people notified before, also returned.
    """
    ids: set[int | None] = set(told)
    functions: set[int | None] = set()
    for rungs, known in ladders:
        ids |= {*known.asked, known.owner, known.team.lead_id if known.team else None}
        ids |= {rung.person_id for rung in rungs}
        functions |= {rung.function_id for rung in rungs if rung.who == Who.FUNCTION}
    named, hours = Q(pk__in=ids - {None}) | Q(function__in=functions - {None}), availability.hours()
    everyone, away = availability.people_and_absences(named, on=hours.day_of(at))
    return Crew(everyone, away, _turns(everyone.values(), hours.zone, at))


def _turns(everyone: Iterable[Any], zone: ZoneInfo, at: datetime) -> dict[int, tuple[list[int], int]]:
    """Return function id -> the people of its duty roster and the number of the turn that runs."""
    rosters = {person.function_id: person.roster for person in everyone if person.roster}
    running = {pk: (found, people.turn_of(found, zone, at)) for pk, found in rosters.items()}
    return {pk: (found["people"], turn) for pk, (found, turn) in running.items() if turn is not None}


def staff(rungs: Sequence[Rung], known: Concerned, *, at: datetime) -> list[Staff]:
    """Return who is on each rung at this moment. One query."""
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
                for pk, person in sorted(active.items())
                if person.function_id == rung.function_id and person.role != Role.VIEWER
            ]
        case _:
            return [rung.person_id] if rung.person_id else []


_LEFT = "has left without a successor"


def _why_empty(rung: Rung, user_ids: list[int], known: Concerned) -> str:
    if user_ids:
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
    """Return who is notified if no rung of a ladder has people: risk managers, else administrators."""
    for role in (Role.RISK_MANAGER, Role.ADMINISTRATOR):
        people = list(User.objects.active().filter(role=role).select_related("subject").order_by("id"))
        if people:
            return people
    return []
