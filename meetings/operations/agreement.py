"""Log the agreements to thresholds as decisions, and replace those that hold no more."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from history import operations as history
from history.models import Event
from history.operations import Placement
from history.wiring import handler
from kit.actor import SYSTEM
from meetings import events
from meetings.models import Decision
from meetings.states import DecisionState
from signals.models import ThresholdVersion
from signals.states import Agreement

_AGREED = (Agreement.ACTIVE, Agreement.RETIRED)


@handler("meetings.decision.log_agreement")
@history.in_one_transaction
def on_threshold_agreed(event: Event, *, at: datetime) -> None:
    """Log the agreed versions of a threshold. Handles signals.threshold_agreed."""
    _log(ThresholdVersion.objects.filter(threshold__subject=event.subject_id), at=at, cause=event)


@transaction.atomic
def log_missing(*, at: datetime, limit: int = 500) -> int:
    """Log agreements from before this log existed. Returns their number."""
    logged = Decision.objects.filter(threshold_version=OuterRef("pk"))
    missing = _loggable(ThresholdVersion.objects.filter(~Exists(logged))).order_by("id")
    ids = list(missing.values_list("pk", flat=True)[:limit])
    return _log(ThresholdVersion.objects.filter(pk__in=ids), at=at)


def _loggable(rows: QuerySet[ThresholdVersion]) -> QuerySet[ThresholdVersion]:
    """Return the versions that were agreed outside a decision."""
    return rows.filter(state__in=_AGREED, agreed_in__isnull=True, agreed_at__isnull=False)


def _log(rows: QuerySet[ThresholdVersion], *, at: datetime, cause: Event | None = None) -> int:
    versions = list(_loggable(rows).select_related("threshold__subject", "agreed_by").order_by("id"))
    known = set(
        Decision.objects.filter(threshold_version__in=versions).values_list("threshold_version", flat=True)
    )
    for version in versions:
        if version.pk not in known:
            _record(version, at=at, cause=cause)
    for threshold_id in {version.threshold_id for version in rows}:
        _replace_former(threshold_id, at=at, cause=cause)
    return len(versions)


def _record(version: ThresholdVersion, *, at: datetime, cause: Event | None) -> None:
    """Record the decision of an agreement. Those who may see the threshold may see it."""
    threshold = version.threshold
    decision = Decision(
        text=f"Agree to version {version.number} of {threshold.name}: {version.limits}",
        reason=version.reason or "No reason was recorded.",
        about=threshold.subject,
        threshold_version=version,
        no_action_reason="It judges every point from then on.",
        recorded_by=version.agreed_by,
        decided_at=version.agreed_at,
    )
    placed = Placement(parent=threshold.subject)
    history.record(decision, "meetings.agreement_logged", by=SYSTEM, at=at, cause=cause, placed=placed)


def _replace_former(threshold_id: int, *, at: datetime, cause: Event | None) -> None:
    """Replace the logged agreements to former versions by the decision on the version in force."""
    in_force = ThresholdVersion.objects.filter(threshold=threshold_id, state=Agreement.ACTIVE).first()
    if in_force is None:
        return
    by_log = Decision.objects.filter(threshold_version=in_force)
    by_effect = Decision.objects.filter(subject=in_force.agreed_in_id)
    latest = by_effect.first() if in_force.agreed_in_id else by_log.first()
    if latest is None:
        return
    former = Decision.objects.filter(
        threshold_version__threshold=threshold_id,
        threshold_version__state=Agreement.RETIRED,
        state=DecisionState.IN_FORCE,
    )
    for decision in former.exclude(pk=latest.pk).order_by("id"):
        history.move(
            decision,
            DecisionState.REPLACED,
            by=SYSTEM,
            at=at,
            values={"replaced_by": latest},
            payload=events.DecisionReplaced(by=latest.subject_id),
            cause=cause,
        )
