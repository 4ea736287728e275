"""What a learning applies to, as its source says it: the model and the category of risks."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from catalogue.models import Model
from history.models import Subject
from incidents.models import Incident, Postmortem
from risklog.models import Category, Experiment, Review, Risk
from signals.models import BreachGroup


@dataclass(frozen=True, slots=True)
class Origin:
    """risk: the subject of the risk whose category it is."""

    model: Model | None = None
    category: Category | None = None
    risk: Subject | None = None


def origin_of(about: Subject | None) -> Origin:
    """Return the model and the category of a source, as far as its kind has them. A few queries.

    The category of a risk that some readers of the source may not see is left out, because it would be shown
    to them.
    """
    read = _READERS.get(about.kind) if about else None
    if read is None or about is None:
        return Origin()
    found = read(about.pk)
    if found.risk is not None and not found.risk.is_open_to_readers_of(about):
        return replace(found, category=None, risk=None)
    return found


def _of_risk(subject_id: int) -> Origin:
    risk = Risk.objects.select_related("model", "category", "subject").get(subject_id=subject_id)
    return Origin(risk.model, risk.category, risk.subject)


def _of_review(subject_id: int) -> Origin:
    """Return those of the risk that was reviewed, otherwise the model of the review."""
    review = Review.objects.select_related("model", "about").get(subject_id=subject_id)
    about = origin_of(review.about)
    return Origin(review.model or about.model, about.category, about.risk)


def _of_breach_group(subject_id: int) -> Origin:
    """Return those of the risk of a breach group, otherwise its model."""
    group = BreachGroup.objects.select_related("model").get(subject_id=subject_id)
    risks = Risk.objects.filter(breach_group=group).select_related("category", "subject")
    risk = risks.order_by("id").first()
    return Origin(group.model, risk.category, risk.subject) if risk else Origin(group.model)


def _of_experiment(subject_id: int) -> Origin:
    experiment = Experiment.objects.select_related("model", "about").get(subject_id=subject_id)
    about = origin_of(experiment.about)
    return Origin(experiment.model or about.model, about.category, about.risk)


def _of_incident(subject_id: int) -> Origin:
    """Return its model, and the category of the risk that should have caught it or that it came from."""
    incident = Incident.objects.select_related("model", "source").get(subject_id=subject_id)
    source = origin_of(incident.source)
    reviews = Postmortem.objects.filter(incident=incident).select_related("risk__category", "risk__subject")
    risk = next((review.risk for review in reviews), None)
    model = incident.model or source.model
    if risk is not None:
        return Origin(model, risk.category, risk.subject)
    return Origin(model, source.category, source.risk)


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
