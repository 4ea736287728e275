"""Reads the reviewers, the owner, the team and the model of a subject, for each kind of subject."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Q, QuerySet

from actions.models import Action
from catalogue.models import Model
from history.models import Subject
from people.models import Team
from risklog.models import Experiment, ExperimentOwner, Review, Reviewer, Risk
from risklog.states import ReviewState
from signals.models import BreachGroup


@dataclass(frozen=True, slots=True)
class Concerned:
    """The people of a subject that rungs can notify, and what chooses its ladder.

    asked: ids of reviewers who have not answered. owner: id of the owner. team: the team it belongs to.
    model_id: of its model, whose decision rights apply. category_id: of a risk.
    """

    asked: tuple[int, ...] = ()
    owner: int | None = None
    team: Team | None = None
    model_id: int | None = None
    category_id: int | None = None


def concerned(about: Subject | None) -> Concerned:
    """Return the reviewers, the owner and the team of a subject, as far as they are known."""
    if about is None:
        return Concerned()
    known = owner_and_team_of(about)
    asked = unanswered_about(about).values_list("user_id", flat=True)
    return replace(known, asked=tuple(asked))


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
    known = _of_model(review.model) if review.model else Concerned()
    return replace(known, owner=review.claimed_by_id or known.owner)


def _of_risk(risk: Risk) -> Concerned:
    return Concerned(
        owner=risk.owner_id,
        team=risk.team or (risk.model.owner_team if risk.model else None),
        model_id=risk.model_id,
        category_id=risk.category_id,
    )


def _of_breach(group: BreachGroup) -> Concerned:
    return _of_model(group.model) if group.model else Concerned()


def _of_model(model: Model) -> Concerned:
    return Concerned(owner=model.developer_id, team=model.owner_team, model_id=model.pk)


def _of_action(action: Action) -> Concerned:
    subject = action.about if action.about and action.about.kind != Action.KIND else None
    known = owner_and_team_of(subject) if subject else Concerned()
    team = known.team
    if team is None and action.owner_id:
        teams = list(Team.objects.filter(memberships__user=action.owner_id)[:2])
        team = teams[0] if len(teams) == 1 else None
    return replace(known, owner=action.owner_id, team=team)


def _of_experiment(experiment: Experiment) -> Concerned:
    """Return its first owner, and the team of its model, else the only team of this owner."""
    owners = ExperimentOwner.objects.filter(experiment=experiment, is_current=True).order_by("pk")
    owner = owners.values_list("user_id", flat=True).first()
    team = experiment.model.owner_team if experiment.model else None
    if team is None and owner:
        teams = list(Team.objects.filter(memberships__user=owner)[:2])
        team = teams[0] if len(teams) == 1 else None
    return Concerned(owner=owner, team=team, model_id=experiment.model_id)


# How the people of a kind are read: its rows with their teams, and a function from a row.
ConcernedReader = tuple[Callable[[], QuerySet[Any]], Callable[[Any], Concerned]]

_KINDS: dict[str, ConcernedReader] = {
    Review.KIND: (lambda: Review.objects.select_related("model__owner_team"), _of_review),
    Risk.KIND: (lambda: Risk.objects.select_related("team", "model__owner_team"), _of_risk),
    BreachGroup.KIND: (lambda: BreachGroup.objects.select_related("model__owner_team"), _of_breach),
    Model.KIND: (lambda: Model.objects.select_related("owner_team"), _of_model),
    Action.KIND: (lambda: Action.objects.select_related("about"), _of_action),
    Experiment.KIND: (lambda: Experiment.objects.select_related("model__owner_team"), _of_experiment),
}


def install(readers: Mapping[str, ConcernedReader]) -> None:
    """Add how the people of the kinds of upper rooms are read (riskhub/panels.py)."""
    _KINDS.update(readers)


def model_of(about: Subject) -> Model | None:
    """Return the model of a subject, None if it has none."""
    rows = {
        Model.KIND: Model.objects.all(),
        Risk.KIND: Model.objects.filter(pk__in=Risk.objects.filter(pk=about.object_id).values("model")),
        Experiment.KIND: Model.objects.filter(
            pk__in=Experiment.objects.filter(pk=about.object_id).values("model")
        ),
        BreachGroup.KIND: Model.objects.filter(
            pk__in=BreachGroup.objects.filter(pk=about.object_id).values("model")
        ),
    }.get(about.kind)
    if rows is None:
        return None
    models = rows.filter(pk=about.object_id) if about.kind == Model.KIND else rows
    return models.select_related("owner_team").first()
