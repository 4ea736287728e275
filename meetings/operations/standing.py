"""Standing items: what each agenda of a series begins with, and the check-ins since the last meeting."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from catalogue.queries import readiness as readiness_queries
from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from meetings import events
from meetings.models import AgendaItem, Meeting
from meetings.operations import carry, completion, placement
from meetings.queries import check_in as check_ins
from meetings.queries import pattern as patterns
from meetings.queries import summaries
from meetings.states import PATTERNS_ITEM, ItemState, Purpose
from signals.states import SignalKind

WHY = "Standing item of the series"
CHECK_INS = "Check-ins since last time"
READINESS = "Deployment readiness"
NOTHING_LEFT = "Nothing to report any more"
_MOST_ITEMS = 20
_MOST_NAMES = 4


def check(items: Sequence[Mapping[str, Any]], *, field: str) -> None:
    """Raise Refused(field=…) for an item without a title, or with another purpose or length."""
    if len(items) > _MOST_ITEMS:
        raise Refused(f"Use at most {_MOST_ITEMS} items.", field=field)
    for item in items:
        title, minutes = item.get("title"), item.get("minutes")
        if not isinstance(title, str) or not 1 <= len(title.strip()) <= 300:
            raise Refused("Give each item a title of 1 to 300 characters.", field=field)
        if item.get("purpose") not in Purpose.values or set(item) != {"title", "purpose", "minutes"}:
            text = f"Say what “{title[:80]}” is for: {', '.join(Purpose.values)}."
            raise Refused(text, field=field)
        if type(minutes) is not int or not 1 <= minutes <= 240:
            raise Refused(f"Give “{title[:80]}” 1 to 240 minutes.", field=field)


def put(meeting: Meeting, *, by: Actor, at: datetime) -> None:
    """Add the standing items that the agenda does not have. One that a person removed stays removed."""
    known = set(AgendaItem.objects.filter(meeting=meeting).values_list("title", flat=True))
    items = (item for item in meeting.series.standing_items if item["title"] not in known)
    put_items(meeting, items, why=WHY, by=by, at=at)


def put_items(
    meeting: Meeting, items: Iterable[Mapping[str, Any]], *, why: str, by: Actor, at: datetime
) -> None:
    """Add items before all others of the agenda, in this order. why: the reason that the agenda shows."""
    for values in items:
        rank = placement.next_rank(meeting, placement.Rank.STANDING)
        item = AgendaItem(meeting=meeting, why=why, rank=rank, **values)
        history.record(item, events.ItemAdded(), by=by, at=at)


def put_check_ins(meeting: Meeting, *, by: Actor, at: datetime) -> None:
    """Add an item for the check-ins since the last meeting, or update how many there are.

    All participants see the item, so check-ins about restricted models are not counted.
    """
    noted = check_ins.since_last_meeting(meeting).filter(subject__viewers__isnull=True, noted_at__lte=at)
    number = noted.count()
    why = f"{number} check-in{'' if number == 1 else 's'} for this meeting" if number else ""
    _put_summary(meeting, CHECK_INS, why, placement.Rank.LAST_TIME, by=by, at=at)


def put_patterns(meeting: Meeting, *, by: Actor, at: datetime) -> None:
    """Add an item for the patterns of breaches of the focus, or update it.

    All participants see the item, so it names only what everyone may see.
    """
    why = patterns.sentence(patterns.for_meeting(meeting, at=at))
    _put_summary(meeting, PATTERNS_ITEM, why, placement.Rank.RISK, by=by, at=at)


def put_summaries(meeting: Meeting, *, by: Actor, at: datetime) -> None:
    """Add or update the items that sum up something of an upper room (queries.summaries)."""
    for summary in summaries.installed():
        why = summary.sentence(meeting, at)
        _put_summary(meeting, summary.title, why, placement.Rank.LAST_TIME, by=by, at=at)


def _put_summary(meeting: Meeting, title: str, why: str, rank: int, *, by: Actor, at: datetime) -> None:
    """Add an item about no single object with this reason, or update its reason.

    "" adds nothing, and finishes an item that waits. It waits again if there is a reason again.
    """
    item = AgendaItem.objects.filter(meeting=meeting, title=title, about__isnull=True).first()
    if item and not why:
        _finish_summary(item, by=by, at=at)
    elif item and item.state == ItemState.DONE:
        history.move(item, ItemState.WAITING, by=by, at=at, values={"why": why, "outcome": ""})
    elif item:
        history.change(item, {"why": why}, by=by, at=at, verb="meetings.item_changed")
    elif why:
        values = {"title": title, "why": why, "purpose": Purpose.INFORM, "minutes": 5}
        item = AgendaItem(meeting=meeting, rank=placement.next_rank(meeting, rank), **values)
        history.record(item, events.ItemAdded(), by=by, at=at)


def _finish_summary(item: AgendaItem, *, by: Actor, at: datetime) -> None:
    """Finish an item that sums up nothing any more, unless it was removed or finished already."""
    if item.state not in (ItemState.WAITING, ItemState.BACKLOG):
        return
    values = {"outcome": completion.outcome_of(item), "why": NOTHING_LEFT}
    done = events.ItemDone(**carry.named(item))
    history.move(item, ItemState.DONE, by=by, at=at, values=values, payload=done)


def put_readiness(meeting: Meeting, *, by: Actor, at: datetime) -> None:
    """Add an item that says which models of the teams are not ready for a deployment, or update it.

    Only for meetings whose focus covers deployments. All participants see the item, so restricted models are
    not named.
    """
    if meeting.focus is None or SignalKind.DEPLOYMENT not in meeting.focus.kinds:
        return
    rows = readiness_queries.models_to_deploy().filter(
        subject__viewers__isnull=True, owner_team__in=meeting.series.teams.all()
    )
    models = list(rows)
    readiness = readiness_queries.readiness_of(models, at=at)
    missing = [model.name for model in models if not readiness[model.pk].is_ready]
    why = _readiness_in_words(len(models), missing) if models else ""
    _put_summary(meeting, READINESS, why, placement.Rank.LAST_TIME, by=by, at=at)


def _readiness_in_words(number: int, missing: Sequence[str]) -> str:
    if not missing:
        return f"All {number} models are ready for a deployment" if number != 1 else "The model is ready"
    named = ", ".join(missing[:_MOST_NAMES])
    others = f" and {len(missing) - _MOST_NAMES} more" if len(missing) > _MOST_NAMES else ""
    return f"{len(missing)} of {number} not ready: {named}{others}"[:300]
