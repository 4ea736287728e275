"""Put models that fail a check of the inventory on agendas, and finish their items when that is fixed."""

from datetime import datetime

from catalogue.queries.model_check import failing, told_labels
from history import operations as history
from history.models import Event
from history.queries import present_data
from history.wiring import handler
from kit.actor import SYSTEM
from meetings import events
from meetings.models import AgendaItem
from meetings.operations import carry, completion, placement
from meetings.queries import series as series_queries
from meetings.states import TO_COME, ItemState, Purpose
from risklog.operations.days import day_of
from signals.states import SignalKind


@handler("meetings.agenda.place_neglected_model")
def on_model_neglected(event: Event, *, at: datetime) -> None:
    """Place a model that still fails a check on a suitable agenda. Handles catalogue.model_neglected.

    A model without an owner team goes to the series of the most teams, because somebody there can own it.
    """
    data = present_data(event)
    rows = failing(data["check"], day=day_of(at), at=at).filter(subject=event.subject_id)
    model = rows.select_related("subject").first()
    if model is None:
        return
    placement.place(
        about=model.subject,
        kind=SignalKind.DEPLOYMENT,
        team_id=model.owner_team_id or _team_of_widest_series(at),
        title=model.name,
        why=data["label"],
        purpose=Purpose.DECIDE,
        rank=placement.Rank.RISK,
        by=SYSTEM,
        at=at,
        cause=event,
    )


@handler("meetings.agenda.finish_fixed_model")
def on_model_fixed(event: Event, *, at: datetime) -> None:
    """Finish the waiting items of a model that fails no check any more.

    Handles catalogue.model_changed, model_stage_moved and validation_planned.
    """
    items = AgendaItem.objects.filter(
        about=event.subject_id,
        state__in=[ItemState.WAITING, ItemState.BACKLOG],
        meeting__state__in=TO_COME,
    )
    labels = told_labels()
    for item in items.select_related("meeting").order_by("pk"):
        label = item.why.split("; ")[0]  # the reason of the item, then why it is on this meeting
        name = labels.get(label)
        if name and not failing(name, day=day_of(at), at=at).filter(subject=event.subject_id).exists():
            values = {"outcome": completion.outcome_of(item), "why": f"{label}: done before the meeting"}
            done = events.ItemDone(**carry.named(item))
            history.move(item, ItemState.DONE, by=SYSTEM, at=at, values=values, payload=done, cause=event)


def _team_of_widest_series(at: datetime) -> int | None:
    """Return a team of the meeting series with the most teams and people, None without a series."""
    series = [candidate for candidate in series_queries.candidates(at) if candidate.teams]
    widest = max(series, key=lambda one: (len(one.teams), one.size, -one.id), default=None)
    return min(widest.teams) if widest else None
