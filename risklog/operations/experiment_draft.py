"""Propose an experiment from another object or a pattern in one click, filled in as far as known.

A second click finds the unfinished experiment that the object has. People complete the draft before the
start.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from catalogue.models import Model
from history import operations as history
from history.models import Subject
from kit.actor import Actor
from kit.refusals import Refused
from risklog.models import Experiment, Review, Risk
from risklog.operations import experiment
from risklog.operations.experiment import ExperimentDetails
from risklog.operations.risk_from_pattern import tellable
from risklog.queries.recurrence import title_of
from risklog.states import UNFINISHED_EXPERIMENTS
from signals.models import Breach, BreachGroup, Series
from signals.queries.pattern import ShownPattern


@dataclass(frozen=True, slots=True)
class ExperimentDraft:
    """What an object gives a new experiment."""

    title: str
    hypothesis: str
    details: ExperimentDetails


@history.in_one_transaction
def add_from(about: Subject, *, by: Actor, at: datetime) -> tuple[Experiment, bool]:
    """Propose an experiment about a risk, review, breach or incident. Returns it, and whether it is new.

    Raises Refused(field="about") for an object of another kind.
    """
    if about.kind not in _readers:
        raise Refused("Choose a risk, a review, a breach or an incident.", field="about")
    return add_draft(about, _readers[about.kind](about), by=by, at=at)


@history.in_one_transaction
def add_draft(about: Subject, draft: ExperimentDraft, *, by: Actor, at: datetime) -> tuple[Experiment, bool]:
    """Propose an experiment about an object from its draft, unless the object has an unfinished one."""
    history.lock_scope(about)
    if existing := _unfinished([about.pk], by):
        return existing, False
    made = experiment.propose(
        title=draft.title, hypothesis=draft.hypothesis, details=draft.details, about=about, by=by, at=at
    )
    return made, True


@history.in_one_transaction
def add_from_pattern(key: str, *, days: int, by: Actor, at: datetime) -> tuple[Experiment, bool]:
    """Propose an experiment about the newest breach of a pattern. Returns it, and whether it is new.

    key, days: as of a risk from a pattern. Raises Refused(field="pattern").
    """
    found = tellable(key, days=days, by=by, at=at)
    groups = BreachGroup.objects.select_related("subject", "model")
    newest = groups.get(pk=found.group_ids[0])
    history.lock_scope(newest.subject)
    title = f"Test: {title_of(found)}"[:200]
    subjects = groups.filter(pk__in=found.group_ids).values_list("subject_id", flat=True)
    if existing := _unfinished(list(subjects), by, title=title):
        return existing, False
    draft = _of_breach(newest.subject)
    made = experiment.propose(
        title=title,
        hypothesis=_hypothesis(found),
        details=draft.details,
        about=newest.subject,
        by=by,
        at=at,
    )
    return made, True


def _hypothesis(pattern: ShownPattern) -> str:
    return (
        f"{pattern.count} breaches have something in common: {title_of(pattern)}. If this has to do with"
        " their cause, there are fewer of them once it is changed. If not, their number stays the same."
    )


def _unfinished(subjects: list[int], by: Actor, **fields: str) -> Experiment | None:
    """Return the oldest unfinished experiment about one of these subjects that the actor may see."""
    rows = Experiment.objects.filter(about__in=subjects, state__in=UNFINISHED_EXPERIMENTS, **fields)
    if by.person is not None:
        rows = rows.visible_to(by.person)
    return rows.select_related("subject").order_by("pk").first()


def _of_risk(about: Subject) -> ExperimentDraft:
    risk = Risk.objects.select_related("model__subject", "model__owner_team", "series").get(subject=about)
    reason = f" Its cause is: {risk.cause}" if risk.cause else ""
    return ExperimentDraft(
        f"Test: {risk.title}"[:200],
        f"We can lower {about.reference} ({risk.title}).{reason}",
        ExperimentDetails(
            model=risk.model,
            series=risk.series if risk.series and risk.series.model_id == risk.model_id else None,
            data_slice=f"Feature {risk.feature}" if risk.feature else "",
        ),
    )


def _of_review(about: Subject) -> ExperimentDraft:
    review = Review.objects.select_related("model__subject", "model__owner_team").get(subject=about)
    return ExperimentDraft(
        f"Test: {review.title}"[:200],
        review.outcome_reason or review.why or review.title,
        ExperimentDetails(model=review.model),
    )


def _of_breach(about: Subject) -> ExperimentDraft:
    rows = BreachGroup.objects.select_related("model__subject", "model__owner_team")
    group = rows.get(subject=about)
    series, feature = worst_metric(group, group.model)
    return ExperimentDraft(
        f"Test: {group.title}"[:200],
        hypothesis_about(about, group.title, model=group.model, series=series),
        ExperimentDetails(
            model=group.model, series=series, data_slice=f"Feature {feature}" if feature else ""
        ),
    )


def worst_metric(group: BreachGroup, model: Model | None) -> tuple[Series | None, str]:
    """Return the metric of the worst breach of a group, None if it is of another model, and its feature."""
    breaches = Breach.objects.filter(group=group, series__isnull=False).select_related("series")
    worst = breaches.order_by("-level", "pk").first()
    if worst is None or worst.series is None:
        return None, ""
    is_own = model is not None and worst.series.model_id == model.pk
    return worst.series if is_own else None, worst.feature


def hypothesis_about(about: Subject, title: str, *, model: Model | None, series: Series | None) -> str:
    """Return a hypothesis that can be tested, with what is known. People complete what is in brackets.

    The model and its metric are named only if everyone who may see the object may see them.
    """
    is_named = model is not None and model.subject.viewers in (None, about.viewers)
    figure = series.display_name if series and is_named else "[the metric]"
    name = model.name if model and is_named else "the model"
    return (
        f"If [the change], then {figure} of {name} stays within its threshold, because it removes a condition"
        f" that led to {about.reference} ({title}): [the condition]."
    )


Reader = Callable[[Subject], ExperimentDraft]
_readers: dict[str, Reader] = {Risk.KIND: _of_risk, Review.KIND: _of_review, BreachGroup.KIND: _of_breach}


def install_readers(readers: Mapping[str, Reader]) -> None:
    """Install what objects of upper rooms give a new experiment, by their kind (riskhub/flows.py)."""
    _readers.update(readers)
