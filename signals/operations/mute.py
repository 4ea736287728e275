"""Mute a threshold for a time, end a mute, and tell when it has ended.

A muted crossing is recorded, but it opens no review and notifies nobody. If it is still open when the mute or
the deployment window ends, it is unmuted: it then opens a review like a new one.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from history import bulk
from history import operations as history
from history.claims import Tally
from history.models import Due
from kit.actor import SYSTEM, Actor
from kit.prepared import Argument, Prepared
from kit.refusals import IllegalMove, Refused
from signals import events
from signals.models import Breach, BreachGroup, Mute, Threshold
from signals.operations import breach
from signals.queries.mute import Muting, muting, no_longer_muted
from signals.states import BreachState

MUTE_ENDS = "signals.mute_ends"
LONGEST = timedelta(days=90)
_AT_ONCE = 200


@transaction.atomic
def add(
    threshold: Threshold,
    *,
    ends_at: datetime,
    reason: str,
    by: Actor,
    at: datetime,
    starts_at: datetime | None = None,
) -> Mute:
    """Mute a threshold until `ends_at`. starts_at: by default now.

    A threshold has one mute at a time. Raises Refused, with the field.
    """
    start = max(starts_at or at, at)
    Threshold.objects.select_for_update(of=("self",)).get(pk=threshold.pk)
    _check(threshold, start, ends_at, reason)
    assert by.person is not None  # the permission is for people only
    mute = Mute(
        threshold=threshold, starts_at=start, ends_at=ends_at, reason=reason.strip(), author=by.person
    )
    payload = events.ThresholdMuted(starts_at=start.isoformat(), ends_at=ends_at.isoformat(), why=mute.reason)
    history.record(threshold, payload, by=by, at=at, rows=[mute])
    history.put_due(MUTE_ENDS, threshold.subject_id, str(mute.pk), ends_at)
    return mute


@transaction.atomic
def end(mute: Mute, *, by: Actor, at: datetime, seen: int | None = None) -> Mute:
    """End a mute before its time. Raises IllegalMove if it has ended, ChangedMeanwhile."""
    if mute.ends_at <= at or mute.is_cancelled:
        raise IllegalMove("This mute has ended.", field="ends_at")
    values = {"ends_at": max(at, mute.starts_at), "ended_by": by.person}
    payload = events.ThresholdUnmuted(open=_open_crossings(mute.threshold))
    history.change(mute, values, by=by, at=at, seen=seen, payload=payload)
    return mute


@transaction.atomic
def note_end(due: Due, *, at: datetime) -> None:
    """Tell that a mute has ended, unless somebody ended it before."""
    mute = Mute.objects.select_related("threshold__subject").filter(pk=int(due.occurrence)).first()
    if mute is not None and mute.ended_by_id is None:
        payload = events.MuteEnded(why=mute.reason, open=_open_crossings(mute.threshold))
        history.record(mute.threshold, payload, by=SYSTEM, at=at)


# Every tick runs it, mostly for nothing.
_OVER = Prepared(
    lambda: no_longer_muted(Argument("at")).order_by("pk").values_list("pk", "cause_key")[:_AT_ONCE]
)


def note_over(*, at: datetime) -> Tally:
    """Unmute the open groups whose mute or window has ended. One query if there is none."""
    return Tally(done=sum(_unmute(pk, cause_key, at=at) for pk, cause_key in _OVER.rows(at=at)))


@transaction.atomic
def _unmute(pk: int, cause_key: str, *, at: datetime) -> bool:
    """Unmute the breaches of a group that nothing mutes any more. Return True if it is not muted by that."""
    breach.lock_causes([cause_key])
    group = no_longer_muted(at).select_related("subject").filter(pk=pk).first()
    if group is None:
        return False
    opened = list(Breach.objects.filter(group=group, state=BreachState.OPEN))
    now = muting({row.threshold_id for row in opened}, [group.model_id] if group.model_id else [], at)
    rows = [(row, now.values(row.threshold_id, group.model_id)) for row in opened]
    free = [row for row, values in rows if not any(values.values())]
    if not free:
        return False
    bulk.perform([_act(group, opened, free, now)], by=SYSTEM, at=at)
    return True


def _act(group: BreachGroup, opened: list[Breach], free: list[Breach], now: Muting) -> bulk.Act:
    payload = events.BreachGroupUnmuted(
        features=list(dict.fromkeys(row.feature for row in free if row.feature))[: breach.MAX_FEATURES],
        summary=next((row.summary for row in free if row.summary), ""),
        open=len(opened),
    )
    rows = [(row, now.values(row.threshold_id, group.model_id)) for row in opened]
    return bulk.Act(group, payload, values={"is_muted": False}, rows=rows)


def _open_crossings(threshold: Threshold) -> int:
    return Breach.objects.filter(threshold=threshold, state=BreachState.OPEN).count()


def _check(threshold: Threshold, start: datetime, ends_at: datetime, reason: str) -> None:
    if not reason.strip():
        raise Refused("Enter the reason for muting.", field="reason")
    if ends_at <= start:
        raise Refused("The mute must end after it starts, and in the future.", field="ends_at")
    if ends_at - start > LONGEST:
        raise Refused(f"Mute for at most {LONGEST.days} days.", field="ends_at")
    planned = threshold.mutes.filter(ends_at__gt=F("starts_at"))
    other = planned.filter(starts_at__lt=ends_at, ends_at__gt=start).first()
    if other is not None:
        raise Refused("This threshold has a mute in this time. End it first.", field="ends_at")
