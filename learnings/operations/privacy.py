"""Restrict learnings as the privacy constraints of their model demand."""

from datetime import datetime
from functools import partial

from catalogue.operations.privacy import restrict_each
from catalogue.queries.privacy import teams_to_restrict
from history import operations as history
from history.models import Event
from history.wiring import handler
from kit.actor import SYSTEM
from learnings import events
from learnings.models import Learning
from learnings.states import LearningState


def restrict(learning: Learning, *, at: datetime) -> None:
    """Restrict a learning as its model demands. Its author still sees it.

    One that is restricted already stays as it is, and so does one that belongs to what it is about.
    """
    if learning.subject.root_id is not None:
        return
    if teams := teams_to_restrict(learning.subject, learning.model):
        ids = [team.subject_id for team in teams]
        history.change(learning, {}, by=SYSTEM, at=at, payload=events.LearningRestricted(teams=ids))
        history.restrict(learning.subject, ids)


@handler("learnings.learning.restrict_drafts_of_model")
@history.in_one_transaction
def on_model_changed(event: Event, *, at: datetime) -> None:
    """Restrict the drafts about a model whose constraints demand it, on catalogue.model_changed."""
    _restrict(at=at, model__subject=event.subject_id)


def restrict_missing(*, at: datetime) -> None:
    """Restrict the drafts that the code of an earlier release left unrestricted. Idempotent."""
    _restrict(at=at)


def _restrict(*, at: datetime, **which: int) -> None:
    """Restrict the drafts among these whose model demands it. What is published stays open."""
    drafts = Learning.objects.filter(state=LearningState.DRAFT, subject__root__isnull=True, **which)
    restrict_each(drafts, partial(restrict, at=at))
