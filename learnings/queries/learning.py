"""Queries of learnings: the feed, the drafts, and the panels of other pages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, Count, F, Func, Q

from history.digest_parts import DigestPart, Said
from history.models import RecordedQuerySet, Subject
from history.queries import show
from incidents.models import Incident
from incidents.states import IncidentState
from kit.rights import may
from learnings.filters.reading import unread_by
from learnings.models import Learning
from learnings.queries import use
from learnings.states import LearningState
from people.models import User
from risklog.models import Experiment, Review, Risk
from risklog.states import ExperimentState, RiskState

PANEL_SIZE = 5


def learnings() -> RecordedQuerySet[Learning]:
    """Return all learnings with what a page needs. Callers add `.visible_to(user)`."""
    return with_rows(Learning.objects.all())


def with_rows(rows: Any) -> RecordedQuerySet[Learning]:
    """Return these learnings with what a page needs."""
    joined = rows.select_related("subject", "author", "about", "verdict_by", "category", "model__subject")
    return joined.annotate(**use.COUNTED)


def published(user: User) -> RecordedQuerySet[Learning]:
    """Return the published learnings that the user may see, newest first."""
    rows = learnings().filter(state=LearningState.PUBLISHED, published_at__isnull=False)
    return rows.visible_to(user).order_by("-published_at", "-id")


def discarded(user: User) -> RecordedQuerySet[Learning]:
    """Return the discarded drafts that the user may see, newest first. They can be restored."""
    return learnings().filter(state=LearningState.DISCARDED).visible_to(user).order_by("-made_at", "-id")


def tag_counts(user: User, limit: int = 20) -> list[tuple[str, int]]:
    """Return the tags of the feed as (tag, number of learnings), the most used first."""
    tag = Func(F("tags"), function="unnest", output_field=CharField())
    rows = published(user).order_by().annotate(tag=tag).values("tag")
    return list(rows.annotate(n=Count("pk")).order_by("-n", "tag").values_list("tag", "n")[:limit])


def balance(user: User) -> dict[str, int]:
    """Return verdict -> number of published learnings; "" means that it is too early to say."""
    rows = published(user).order_by().values("verdict").annotate(n=Count("pk"))
    return dict(rows.values_list("verdict", "n"))


def unread_count(user: User) -> int:
    """Return the number of published learnings that the user has not read."""
    return published(user).order_by().filter(unread_by(user.pk)).count()


def set_unread(user: User, rows: Sequence[Learning]) -> None:
    """Set is_unread of each row. One query."""
    unread = Learning.objects.filter(unread_by(user.pk), pk__in=[row.pk for row in rows])
    ids = set(unread.values_list("pk", flat=True))
    for row in rows:
        row.is_unread = row.pk in ids


def set_visibility(user: User, rows: Sequence[Learning]) -> Sequence[Learning]:
    """Set shown_about and shown_model of each row, None if the user may not see them."""
    for row in rows:
        is_seen = row.model is not None and row.model.subject.is_visible_to(user)
        row.shown_model = row.model if is_seen else None
    return show(user, rows)


@dataclass(frozen=True, slots=True)
class LearningsPanel:
    """The learnings about a subject, published ones and drafts, newest first, at most PANEL_SIZE.

    new_for: the reference for a new learning, "" if there is one already or the user may not write one.
    """

    rows: Sequence[Learning]
    new_for: str = ""


def _about(user: User, subjects: Q) -> list[Learning]:
    rows = learnings().filter(subjects).exclude(state=LearningState.DISCARDED).visible_to(user)
    return list(rows.order_by("-made_at", "-id")[:PANEL_SIZE])


def of_subjects(user: User, subject_ids: Iterable[int]) -> LearningsPanel | None:
    """Return the panel of these subjects, None if there are no learnings."""
    rows = _about(user, Q(about_id__in=list(subject_ids)))
    return LearningsPanel(rows) if rows else None


def of_review(user: User, review: Review) -> LearningsPanel | None:
    """Return the panel of a review's page. Once the review is settled, it offers to write a learning."""
    rows = _about(user, Q(about_id__in=[review.subject_id, review.about_id]))
    may_begin = not rows and review.state != "open" and may(user, "learnings.learning_write")
    if not rows and not may_begin:
        return None
    return LearningsPanel(rows, review.reference if may_begin else "")


def of_experiment(user: User, experiment: Experiment) -> LearningsPanel | None:
    """Return the panel of an experiment's page. Once it is finished, it offers to write a learning."""
    return _of_source(user, experiment.subject, is_over=experiment.state == ExperimentState.FINISHED)


def of_incident(user: User, incident: Incident) -> LearningsPanel | None:
    """Return the panel of an incident's page. Once it is resolved, it offers to write a learning."""
    is_over = incident.state in {IncidentState.RESOLVED, IncidentState.REVIEWED}
    return _of_source(user, incident.subject, is_over=is_over)


def of_decision(user: User, decision: Any) -> LearningsPanel | None:
    """Return the panel of a decision's page. It offers to write a learning."""
    return _of_source(user, decision.subject, is_over=True)


def _of_source(user: User, subject: Subject, *, is_over: bool) -> LearningsPanel | None:
    rows = _about(user, Q(about=subject))
    offers = is_over and not rows and may(user, "learnings.learning_write")
    return LearningsPanel(rows, (subject.reference or "") if offers else "") if rows or offers else None


def of_risk(user: User, risk: Risk) -> LearningsPanel | None:
    """Return the panel of a risk's page: learnings about it, its breach group and the reviews of both.

    Once the risk is monitored, accepted or closed, it offers to write one.
    """
    ids = [risk.subject_id]
    if risk.breach_group:
        ids.append(risk.breach_group.subject_id)
    reviews = Review.objects.filter(about_id__in=ids).values("subject_id")
    rows = _about(user, Q(about_id__in=ids) | Q(about_id__in=reviews))
    is_over = risk.state in {RiskState.MONITORING, RiskState.ACCEPTED, RiskState.CLOSED}
    offers = is_over and not rows and may(user, "learnings.learning_write")
    return LearningsPanel(rows, risk.reference if offers else "") if rows or offers else None


def of_model(user: User, model: Any) -> LearningsPanel | None:
    """Return the panel of a model's page: learnings about it or that apply to it, its risks and reviews."""
    reviews = Review.objects.filter(model=model).values("subject_id")
    risks = Risk.objects.filter(model=model).values("subject_id")
    named = Q(about_id=model.subject_id) | Q(model=model)
    rows = _about(user, named | Q(about_id__in=reviews) | Q(about_id__in=risks))
    return LearningsPanel(rows) if rows else None


def subjects_of_learnings_about(subject_id: Any) -> Any:
    """Return the subject ids of the learnings about a subject, for its timeline."""
    return Learning.objects.order_by().filter(about_id=subject_id).values_list("subject_id")


def _published_between(since: datetime, until: datetime) -> RecordedQuerySet[Learning]:
    return Learning.objects.filter(
        published_at__gt=since, published_at__lte=until, state=LearningState.PUBLISHED
    )


IN_DIGEST = DigestPart(
    "learnings",
    "New learnings",
    rows=_published_between,
    moment="published_at",
    facts={"author": "author__name"},
    said=lambda moment, facts: Said(f"By {facts['author']}." if facts["author"] else ""),
)
