"""The reviews, escalations, risks and experiments of a subject, for history.queries.with_related."""

from typing import Any

from risklog.models import Escalation, Experiment, Review, Risk


def reviews(subject_id: Any) -> Any:
    """Return the subject ids of the reviews of a subject. subject_id: an id or an OuterRef."""
    return Review.objects.order_by().filter(about_id=subject_id).values_list("subject_id")


def escalations(subject_id: Any) -> Any:
    """Return the subject ids of the escalations of a subject."""
    return Escalation.objects.order_by().filter(about_id=subject_id).values_list("subject_id")


def experiments(subject_id: Any) -> Any:
    """Return the subject ids of the experiments about a subject."""
    return Experiment.objects.order_by().filter(about_id=subject_id).values_list("subject_id")


def risks(subject_id: Any) -> Any:
    """Return the subject ids of the risks created from a breach group."""
    rows = Risk.objects.order_by().filter(breach_group__subject_id=subject_id)
    return rows.values_list("subject_id")


def duplicates(subject_id: Any) -> Any:
    """Return the subject ids of the risks that were closed as duplicates of a risk."""
    rows = Risk.objects.order_by().filter(merged_into__subject_id=subject_id)
    return rows.values_list("subject_id")
