"""Put sources that stopped sending on agendas, and finish their items when they send again."""

from datetime import datetime

from history.models import Event
from history.wiring import handler
from kit.actor import SYSTEM
from meetings.operations import placement, waiting_items
from meetings.queries import series as series_queries
from meetings.states import Purpose
from people import queries as people
from signals.models import Source
from signals.states import SignalKind


@handler("meetings.agenda.place_silent_source")
def on_source_silent(event: Event, *, at: datetime) -> None:
    """Place a source that is still silent on a suitable agenda. Handles signals.source_silent.

    Without an owner who is in a team, it goes to the series of the most teams.
    """
    rows = Source.objects.select_related("subject", "owner").filter(silent_since__isnull=False)
    source = rows.filter(subject=event.subject_id).first()
    if source is None or source.last_received_at is None:
        return
    last = source.last_received_at.astimezone(people.zone_of(None))
    of_owner = min(source.owner.team_ids, default=None) if source.owner else None
    placement.place(
        about=source.subject,
        kind=SignalKind.DATA_QUALITY,
        team_id=of_owner or series_queries.team_of_widest_series(at),
        title=f"Silent source: {source.name}",
        why=f"The source has sent nothing since {last:%-d %b, %H:%M}",
        purpose=Purpose.DECIDE,
        rank=placement.Rank.RISK,
        by=SYSTEM,
        at=at,
        cause=event,
    )


@handler("meetings.agenda.finish_heard_source")
def on_source_heard(event: Event, *, at: datetime) -> None:
    """Finish the waiting items of a source that sends again. Handles signals.source_heard."""
    if Source.objects.filter(subject=event.subject_id, silent_since__isnull=False).exists():
        return
    for item in waiting_items.about(event.subject_id):
        waiting_items.finish(item, "The source sends again", at=at, cause=event)
