"""What a learning applies to, as its source says it: the model and the category of risks."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import F, Q

from catalogue.models import Model
from history import operations as history
from history.models import Event, Subject
from incidents.models import Incident, Postmortem
from kit.actor import SYSTEM
from learnings.models import Learning
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


def locked_origin_of(about: Subject | None) -> Origin:
    """Return the origin for a new learning. Nobody restricts its risk until that is committed."""
    found = origin_of(about)
    if found.risk is None:
        return found
    history.lock_scope(found.risk)
    return origin_of(about)


def category_of(origin: Origin, category: Category | None) -> dict[str, Any]:
    """Return the value of Learning.category_of: the risk of the origin, if this is its category."""
    is_of_risk = category is not None and category == origin.category
    return {"category_of": origin.risk if is_of_risk else None}


@history.in_one_transaction
def remove_hidden_categories(root_id: int) -> None:
    """Remove the category of a risk from learnings that some people see who may not see the risk any more.

    Runs when the viewers of a root change: that of the risk, or that of the learning.
    """
    changed = Event.objects.filter(subject=root_id).order_by("-id").first()  # the event of the same act
    which = Q(category_of=root_id) | Q(category_of__root=root_id)
    which |= Q(subject=root_id) | Q(subject__root=root_id)
    rows = Learning.objects.filter(which, category_of__viewers__isnull=False)
    rows = rows.exclude(
        subject__viewers__isnull=False, subject__viewers__contained_by=F("category_of__viewers")
    )
    for learning in rows.select_related("subject").select_for_update(of=("self",)).order_by("pk"):
        at = max(changed.at, learning.made_at) if changed else learning.made_at
        values = {"category": None, "category_of": None}
        verb = "learnings.category_removed"
        history.change(learning, values, by=SYSTEM, at=at, verb=verb, cause=changed)


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
