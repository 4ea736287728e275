"""Assign to a model what tools sent under one of its names before the name was known."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from catalogue.models import Model
from catalogue.queries import model as catalogue
from history import bulk
from history import operations as history
from history.models import Event
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from signals import events
from signals.models import Breach, BreachGroup, Series
from signals.operations.breach import MAX_FEATURES, key_of_cause, lock_causes
from signals.operations.series import UNREGISTERED
from signals.states import BreachState


@handler("signals.series.claim_for_model")
def on_model_registered(event: Event, *, at: datetime) -> None:
    """Claim series and breach groups for a model that is registered or gets an alias, if it is not gone."""
    model = Model.objects.select_related("subject").filter(subject_id=event.subject_id).first()
    if model is not None:
        claim(model, by=SYSTEM, at=at, cause=event)


@history.in_one_transaction
def claim(model: Model, *, by: Actor, at: datetime, cause: Event | None = None) -> int:
    """Assign to a model the series and breach groups that tools sent under one of its names.

    Open groups of one cause become one group: the other ones are cleared, and their breaches join it.
    Returns the number of rows that were assigned, 0 if there are none. Rows are locked in the order of the
    intake: series, causes, groups.
    """
    series = _locked(_orphans(Series, model))
    causes = {key for group in _orphans(BreachGroup, model) for key in (group.cause_key, _key(group, model))}
    lock_causes(causes)
    groups = _locked(_orphans(BreachGroup, model))
    if not series and not groups:
        return 0
    acts = [bulk.Act(row, "signals.series_claimed", values={"model": model}) for row in series]
    bulk.perform(acts, by=by, at=at, cause=cause)
    kept = _open_by_cause(causes, [group for group in groups if group.state == BreachState.OPEN], model)
    for group in groups:
        _claim_group(group, kept.get(_key(group, model)), model, by=by, at=at, cause=cause)
    history.reroot([row.subject_id for row in (*series, *groups)], model.subject)
    for group in groups:
        history.retitle(group)
    return len(series) + len(groups)


def _orphans(kind: Any, model: Model) -> QuerySet[Any]:
    """Return the rows of a kind without a model that name this one, the oldest first."""
    orphans = kind.objects.filter(model__isnull=True)
    sent = orphans.order_by().values_list("model_name", flat=True).distinct()
    names = [name for name, called in catalogue.models_called(sent).items() if called.pk == model.pk]
    return orphans.filter(model_name__in=names).select_related("subject").order_by("pk")


def _locked(rows: QuerySet[Any]) -> list[Any]:
    return list(rows.select_for_update(of=("self",), no_key=True))


def _key(group: BreachGroup, model: Model) -> str:
    """Return the cause key that the group has with this model."""
    try:
        source_id, rule, _, kind = json.loads(group.cause_key)
    except ValueError:  # a long key is cut
        return group.cause_key
    return key_of_cause(source_id, rule, model.slug, kind)


def _open_by_cause(keys: set[str], orphans: Sequence[BreachGroup], model: Model) -> dict[str, BreachGroup]:
    """Return cause key -> the open group that keeps it: that of the model, else the oldest of the orphans."""
    kept: dict[str, BreachGroup] = {}
    for group in orphans:
        kept.setdefault(_key(group, model), group)
    known = BreachGroup.objects.filter(cause_key__in=keys, state=BreachState.OPEN, model=model)
    kept.update(
        (group.cause_key, group)
        for group in known.select_related("subject").select_for_update(of=("self",), no_key=True)
    )
    return kept


def _claim_group(
    group: BreachGroup,
    kept: BreachGroup | None,
    model: Model,
    *,
    by: Actor,
    at: datetime,
    cause: Event | None,
) -> None:
    """Assign one group to the model. An open group that does not keep its cause joins the one that does."""
    values: dict[str, Any] = {
        "model": model,
        "title": group.title.removesuffix(UNREGISTERED),
        "cause_key": _key(group, model),
    }
    if group.state != BreachState.OPEN or kept is None or kept is group:
        act = bulk.Act(group, "signals.breach_claimed", values=values)
        bulk.perform([act], by=by, at=at, cause=cause)
        return
    breaches = list(Breach.objects.filter(group=group).order_by("pk"))
    values |= {"state": BreachState.CLEARED, "cleared_at": at, "merged_into": kept}
    rows = [(breach, {"group": kept}) for breach in breaches]
    merged = events.BreachGroupCleared(features=[], summary=f"Now part of {kept.reference}.", open=0)
    # A group that nobody was told of, because it is muted, gets crossings that are not muted.
    is_unmuted = kept.is_muted and not group.is_muted
    joined = (events.BreachGroupUnmuted if is_unmuted else events.BreachJoined)(
        joined=len(breaches),
        features=list(dict.fromkeys(breach.feature for breach in breaches if breach.feature))[:MAX_FEATURES],
        summary=f"From {group.reference}, which is the same cause under another name of the model.",
        open=Breach.objects.filter(group__in=(kept, group), state=BreachState.OPEN).count(),
    )
    wider = {
        "level": max(kept.level, group.level),
        "opened_at": min(kept.opened_at, group.opened_at),
        "is_muted": kept.is_muted and group.is_muted,
    }
    bulk.perform([bulk.Act(group, merged, values=values, rows=rows)], by=by, at=at, cause=cause)
    history.change(kept, wider, by=by, at=at, payload=joined, cause=cause)
