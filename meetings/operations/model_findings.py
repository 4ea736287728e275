"""Put models that fail a check of the inventory on agendas, and finish their items when that is fixed."""

from datetime import datetime

from catalogue.queries.model_check import failing, told_labels
from history.models import Event
from history.queries import present_data
from history.wiring import handler
from kit.actor import SYSTEM
from meetings.operations import placement, waiting_items
from meetings.queries import series as series_queries
from meetings.states import Purpose
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
        team_id=model.owner_team_id or series_queries.team_of_widest_series(at),
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
    labels = told_labels()
    for item in waiting_items.about(event.subject_id):
        label = item.why.split("; ")[0]  # the reason of the item, then why it is on this meeting
        name = labels.get(label)
        if name and not failing(name, day=day_of(at), at=at).filter(subject=event.subject_id).exists():
            waiting_items.finish(item, f"{label}: done before the meeting", at=at, cause=event)
