"""Read decisions: all of them, those of a meeting, those about a subject."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from catalogue.models import Model
from history.digest_parts import DigestPart, Said
from history.models import Due, RecordedQuerySet, Subject
from history.queries import show
from history.states import Work
from kit.sight import Visitor
from meetings.models import Decision, DecisionEffect, Meeting
from meetings.queries import effect
from people.models import User
from signals.models import Threshold
from signals.queries.marks import MarkReader

PANEL_SIZE = 5


def decisions(user: Visitor) -> QuerySet[Decision]:
    """Return the decisions that this reader may see, latest first."""
    return (
        Decision.objects.visible_to(user)
        .select_related(
            "subject",
            "about",
            "acceptance__proposed_by",
            "meeting__subject",
            "meeting__series",
            "recorded_by",
            "outcome_by",
            "replaced_by__subject",
        )
        .order_by("-decided_at", "-id")
    )


def asks_at(decision: Decision) -> datetime | None:
    """Return when people are asked whether a decision worked, None if that is not planned."""
    waiting = Due.objects.filter(subject=decision.subject_id, kind="meetings.outcome", state=Work.PENDING)
    return waiting.order_by("at").values_list("at", flat=True).first()


def of_meeting(meeting: Meeting, user: User) -> QuerySet[Decision]:
    """Return the decisions of a meeting that this reader may see, latest first."""
    return decisions(user).filter(meeting=meeting)


def about(subject: Subject, user: User) -> QuerySet[Decision]:
    """Return the decisions about a subject, or that changed it, which this reader may see, latest first."""
    changed = DecisionEffect.objects.filter(target=subject).values("decision")
    return decisions(user).filter(Q(about=subject) | Q(pk__in=changed))


def panel(user: User, obj: Any) -> list[Decision] | None:
    """Return the panel of the latest decisions about an object, None if the reader sees none."""
    return list(about(obj.subject, user)[:PANEL_SIZE]) or None


def with_shown_about(user: User, rows: Sequence[Decision]) -> Sequence[Decision]:
    """Set `shown_about` of each decision (None if the reader may not see it), and `shown_effects`."""
    effect.set_shown(user, rows)
    return show(user, rows)


def subjects_of_decisions_about(subject_id: Any) -> Any:
    """Return the subjects of the decisions about a subject, for its timeline."""
    return Decision.objects.order_by().filter(about_id=subject_id).values_list("subject_id")


def _taken_between(since: datetime, until: datetime) -> QuerySet[Decision]:
    return Decision.objects.filter(decided_at__gt=since, decided_at__lte=until)


IN_DIGEST = DigestPart(
    "decisions",
    "Decisions",
    rows=_taken_between,
    moment="decided_at",
    said=lambda moment, facts: Said(f"{moment:%a} {moment.day} {moment:%b}."),
)


def _about_models(models: Collection[int]) -> RecordedQuerySet[Any]:
    """Return the decisions about models and what belongs to them.

    Agreed thresholds have marks of their own.
    """
    itself = Q(about__kind=Model.KIND, about__object_id__in=models)
    part = Q(about__root__kind=Model.KIND, about__root__object_id__in=models)
    rows = Decision.objects.filter(itself | part).exclude(about__kind=Threshold.KIND)
    # A model is its own root, so the root of its subject is null.
    return rows.annotate(marked_model=Coalesce("about__root__object_id", "about__object_id"))


ON_CHARTS = MarkReader(
    "meetings.decision_view",
    page="meetings:decision_detail",
    rows=_about_models,
    moment="decided_at",
    text="text",
)
