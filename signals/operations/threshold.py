"""Propose, agree and decline threshold versions. An agreed version replaces the one in force."""

from dataclasses import fields
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from history import operations as history
from history.models import Event, Subject
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from signals import events
from signals.models import Series, Threshold, ThresholdVersion
from signals.states import Agreement
from signals.thresholds import Rule, problems


@transaction.atomic
def propose(
    on: Series | Threshold,
    *,
    by: Actor,
    at: datetime,
    reason: str,
    name: str = "",
    is_retraining_trigger: bool = False,
    cause: Event | None = None,
    **values: Any,
) -> ThresholdVersion:
    """Propose a version: the first of a new threshold on a series, or the next of an existing threshold.

    values: the fields of signals.thresholds.Rule. A limit that is None is none, not zero.
    is_retraining_trigger: a crossing opens a change request to retrain the model.
    Raises Refused, with the field, for limits that contradict each other, no reason or an external rule.
    """
    rule = Rule(**values)
    _check(rule, reason)
    threshold = on if isinstance(on, Threshold) else _new(on, name)
    if is_retraining_trigger and (threshold.series is None or threshold.series.model is None):
        raise Refused(
            "Register the model of this series first: a change request needs one.",
            field="is_retraining_trigger",
        )
    if threshold.is_external:
        raise Refused("This rule is managed by its source. Change it there.", field="threshold")
    version = ThresholdVersion(
        threshold=threshold,
        number=_next_number(threshold),
        **{field.name: getattr(rule, field.name) for field in fields(Rule)},
        reason=reason.strip(),
        is_retraining_trigger=is_retraining_trigger,
        proposed_by=by.person,
    )
    history.record(
        threshold,
        events.ThresholdProposed(**_rule(version)),
        by=by,
        at=at,
        rows=[version],
        cause=cause,
        placed=history.Placement(parent=threshold.series.subject_id if threshold.series else None),
    )
    return version


@transaction.atomic
def agree(
    version: ThresholdVersion,
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    agreed_in: Subject | None = None,
    cause: Event | None = None,
) -> ThresholdVersion:
    """Put a proposed version in force, from the next point on, and retire the version before it.

    agreed_in: the subject of the decision that agreed it, if there is one.
    Raises IllegalMove if the version is not proposed, ChangedMeanwhile.
    """
    threshold = Threshold.objects.select_for_update(of=("self",)).get(pk=version.threshold_id)
    _must_be_proposed(version, Agreement.ACTIVE, seen)
    former = threshold.versions.filter(state=Agreement.ACTIVE).first()
    agreed = {
        "state": Agreement.ACTIVE,
        "agreed_by": by.person,
        "agreed_at": at,
        "agreed_in": agreed_in,
    }
    rows: list[Any] = [(former, {"state": Agreement.RETIRED})] if former else []
    if threshold.noisy_at is not None:
        rows.append((threshold, {"noisy_at": None}))
    replaces = former.number if former else None
    history.record(
        threshold,
        events.ThresholdAgreed(**_rule(version), replaces=replaces),
        by=by,
        at=at,
        rows=[*rows, (version, agreed)],
        cause=cause,
    )
    return version


@transaction.atomic
def decline(
    version: ThresholdVersion, *, reason: str, by: Actor, at: datetime, seen: int | None = None
) -> ThresholdVersion:
    """Decline a proposed version.

    Raises Refused(field="reason") without a reason, IllegalMove, ChangedMeanwhile.
    """
    if not reason.strip():
        raise Refused("Enter the reason for declining.", field="reason")
    _must_be_proposed(version, Agreement.DECLINED, seen)
    history.move(
        version,
        Agreement.DECLINED,
        by=by,
        at=at,
        seen=seen,
        payload=events.ThresholdDeclined(**_rule(version) | {"why": reason.strip()}),
    )
    return version


def _check(rule: Rule, reason: str) -> None:
    for name, message in problems(rule).items():
        raise Refused(message, field=name)
    if not reason.strip():
        raise Refused("Enter the reason for this limit.", field="reason")


def _must_be_proposed(version: ThresholdVersion, to: str, seen: int | None) -> None:
    if (version.state, to) not in version.MOVES:
        raise IllegalMove(f"This version is already {version.get_state_display().lower()}.", field="state")
    if seen is not None and seen != version.version:
        raise ChangedMeanwhile(
            "Someone else changed this proposal. Reload it to see the current version.", present=version
        )


def _new(series: Series, name: str) -> Threshold:
    return Threshold(series=series, name=(name.strip() or series.subject_title)[:200])


def _next_number(threshold: Threshold) -> int:
    """Return the number of the next version. Locks an existing threshold until the transaction ends."""
    if not threshold.pk:
        return 1
    Threshold.objects.select_for_update(of=("self",)).get(pk=threshold.pk)
    return 1 + (threshold.versions.aggregate(last=Max("number"))["last"] or 0)


def _rule(version: ThresholdVersion) -> dict[str, Any]:
    return {
        "number": version.number,
        **{field.name: getattr(version, field.name) for field in fields(Rule)},
        "retrains": version.is_retraining_trigger or None,
        "why": version.reason,
    }
