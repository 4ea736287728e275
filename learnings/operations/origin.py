"""What a learning applies to, as its source says it: the model and the category of risks."""

from collections.abc import Callable
from dataclasses import dataclass

from catalogue.models import Model
from history.models import Subject
from incidents.models import Incident, Postmortem
from risklog.models import Category, Experiment, Review, Risk
from signals.models import BreachGroup


@dataclass(frozen=True, slots=True)
class Origin:
    model: Model | None = None
    category: Category | None = None


def origin_of(about: Subject | None) -> Origin:
    """Return the model and the category of a source, as far as its kind has them. A few queries."""
    read = _READERS.get(about.kind) if about else None
    return read(about.pk) if read and about else Origin()


def _of_risk(subject_id: int) -> Origin:
    risk = Risk.objects.select_related("model", "category").get(subject_id=subject_id)
    return Origin(risk.model, risk.category)


def _of_review(subject_id: int) -> Origin:
    """Return those of the risk that was reviewed, otherwise the model of the review."""
    review = Review.objects.select_related("model", "about").get(subject_id=subject_id)
    about = origin_of(review.about)
    return Origin(review.model or about.model, about.category)


def _of_breach_group(subject_id: int) -> Origin:
    """Return those of the risk of a breach group, otherwise its model."""
    group = BreachGroup.objects.select_related("model").get(subject_id=subject_id)
    risk = Risk.objects.filter(breach_group=group).select_related("category").order_by("id").first()
    return Origin(group.model, risk.category if risk else None)


def _of_experiment(subject_id: int) -> Origin:
    experiment = Experiment.objects.select_related("model", "about").get(subject_id=subject_id)
    about = origin_of(experiment.about)
    return Origin(experiment.model or about.model, about.category)


def _of_incident(subject_id: int) -> Origin:
    """Return its model, and the category of the risk that should have caught it or that it came from."""
    incident = Incident.objects.select_related("model", "source").get(subject_id=subject_id)
    source = origin_of(incident.source)
    postmortem = Postmortem.objects.filter(incident=incident).select_related("risk__category").first()
    risk = postmortem.risk if postmortem else None
    return Origin(incident.model or source.model, risk.category if risk else source.category)


def _of_model(subject_id: int) -> Origin:
    return Origin(Model.objects.get(subject_id=subject_id))


_READERS: dict[str, Callable[[int], Origin]] = {
    Risk.KIND: _of_risk,
    Review.KIND: _of_review,
    BreachGroup.KIND: _of_breach_group,
    Experiment.KIND: _of_experiment,
    Incident.KIND: _of_incident,
    Model.KIND: _of_model,
}
