"""Reading learnings: the feed, the drafts, and what was learned about a subject."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Count, F, Func, Q

from history.models import RecordedQuerySet
from history.queries import show
from kit.rights import may
from learnings.models import Learning
from learnings.states import LearningState
from people.models import User
from risklog.models import Review, Risk

PANEL_SIZE = 5


def learnings() -> RecordedQuerySet[Learning]:
    """All learnings with what a page needs."""
    return Learning.objects.select_related("subject", "author", "about")


def published(user: User) -> RecordedQuerySet[Learning]:
    """The feed: newest first."""
    rows = learnings().filter(state=LearningState.PUBLISHED, published_at__isnull=False)
    return rows.visible_to(user).order_by("-published_at", "-id")


def drafts(user: User) -> RecordedQuerySet[Learning]:
    """The drafts that concern this reader: their own, and those that wait for an author. Newest first."""
    mine_or_nobody_s = Q(author_id=user.pk) | Q(author=None)
    rows = learnings().filter(mine_or_nobody_s, state=LearningState.DRAFT)
    return rows.visible_to(user).order_by("-made_at", "-id")


def discarded(user: User) -> RecordedQuerySet[Learning]:
    """What was set aside, newest first: any of it can be restored."""
    return learnings().filter(state=LearningState.DISCARDED).visible_to(user).order_by("-made_at", "-id")


def tag_counts(user: User, limit: int = 20) -> list[tuple[str, int]]:
    """The tags of the feed, the most used first."""
    tag = Func(F("tags"), function="unnest", output_field=CharField())
    rows = published(user).order_by().annotate(tag=tag).values("tag")
    return list(rows.annotate(n=Count("pk")).order_by("-n", "tag").values_list("tag", "n")[:limit])


def balance(user: User) -> dict[str, int]:
    """How the published turned out: verdict -> count; "" is not said yet."""
    rows = published(user).order_by().values("verdict").annotate(n=Count("pk"))
    return dict(rows.values_list("verdict", "n"))


def sighted(user: User, rows: Sequence[Learning]) -> Sequence[Learning]:
    """Set `shown_about`: None where the reader may not see the subject."""
    return show(user, rows)


@dataclass(frozen=True, slots=True)
class LearningsPanel:
    """What was learned about a subject: published and drafts, newest first.

    new_for: the reference a learning may be begun for, "" where there is one or the reader may not.
    """

    rows: Sequence[Learning]
    new_for: str = ""


def _about(user: User, subjects: Q) -> list[Learning]:
    rows = learnings().filter(subjects).exclude(state=LearningState.DISCARDED).visible_to(user)
    return list(rows.order_by("-made_at", "-id")[:PANEL_SIZE])


def of_subjects(user: User, subject_ids: Iterable[int]) -> LearningsPanel | None:
    """What was learned about these subjects; None when nothing was."""
    rows = _about(user, Q(about_id__in=list(subject_ids)))
    return LearningsPanel(rows) if rows else None


def of_review(user: User, review: Review) -> LearningsPanel | None:
    """On a review's page: also the way to begin one, once it is settled."""
    rows = _about(user, Q(about_id__in=[review.subject_id, review.about_id]))
    may_begin = not rows and review.state != "open" and may(user, "learnings.learning_write")
    if not rows and not may_begin:
        return None
    return LearningsPanel(rows, review.reference if may_begin else "")


def of_risk(user: User, risk: Risk) -> LearningsPanel | None:
    """On a risk's page: about the risk, its breach group, and the reviews of either."""
    ids = [risk.subject_id]
    if risk.breach_group:
        ids.append(risk.breach_group.subject_id)
    reviews = Review.objects.filter(about_id__in=ids).values("subject_id")
    rows = _about(user, Q(about_id__in=ids) | Q(about_id__in=reviews))
    return LearningsPanel(rows) if rows else None


def of_model(user: User, model: Any) -> LearningsPanel | None:
    """On a model's page: about the model, its risks and its reviews."""
    reviews = Review.objects.filter(model=model).values("subject_id")
    risks = Risk.objects.filter(model=model).values("subject_id")
    rows = _about(user, Q(about_id=model.subject_id) | Q(about_id__in=reviews) | Q(about_id__in=risks))
    return LearningsPanel(rows) if rows else None


def come_of(subject_id: Any) -> Any:
    """The subjects of the learnings about a subject: a part of its story."""
    return Learning.objects.order_by().filter(about_id=subject_id).values_list("subject_id")
