"""What the events of breach groups do to reviews: open one, note a further trigger, set its model."""

from datetime import datetime

from history import operations as history
from history.models import Event
from history.wiring import handler
from kit.actor import SYSTEM
from kit.prepared import Argument, Prepared
from risklog.events import review as events
from risklog.models import Review
from risklog.operations import reviewer
from risklog.operations.review import annotate, open_for, withdraw
from risklog.states import Severity
from signals.models import Breach, BreachGroup
from signals.states import BreachLevel

_GROUP = Prepared(
    lambda: BreachGroup.objects.select_related(
        "subject", "model__owner_team__lead", "merged_into__subject"
    ).filter(subject=Argument("subject"))
)
_WORST_BREACH = Prepared(lambda: Breach.objects.filter(group=Argument("group")).order_by("-level", "id")[:1])


@handler("risklog.review.open_for_breach_group")
@history.in_one_transaction
def on_breach_group_opened(event: Event, *, at: datetime) -> None:
    """Open a review of a new breach group, or note the breach on the review that is open already.

    A breach that cleared before its event, such as one in history that a tool sends later, opens no review.
    A muted one opens it when it is unmuted.
    """
    group = _group_of(event)
    if group and group.is_muted:
        return
    if group and group.cleared_at and group.cleared_at <= event.at:
        return
    if group:
        open_for(
            about=group.subject,
            title=_title(group),
            kind=group.kind,
            model=group.model,
            severity=_severity(group),
            why=_reason(group, event.verb),
            by=SYSTEM,
            at=at,
            cause=event,
        )


@handler("risklog.review.open_for_reopened_breach_group")
def on_breach_group_reopened(event: Event, *, at: datetime) -> None:
    """Note on the open review that the breach group reopened, or open a new review."""
    on_breach_group_opened(event, at=at)


@handler("risklog.review.open_for_unmuted_breach_group")
def on_breach_group_unmuted(event: Event, *, at: datetime) -> None:
    """Open a review of a breach group that is no longer muted, or note that on the open review."""
    on_breach_group_opened(event, at=at)


@handler("risklog.review.note_joined_breach")
@history.in_one_transaction
def on_breach_joined(event: Event, *, at: datetime) -> None:
    """Note another breach of the group on the open review, which becomes critical if the group did."""
    _trigger_again(event, "Another breach was added.", at=at)


@handler("risklog.review.make_critical")
@history.in_one_transaction
def on_breach_worsened(event: Event, *, at: datetime) -> None:
    """Make the open review critical if the group became critical. Nothing is noted otherwise."""
    _trigger_again(event, "Level raised to critical.", at=at, only_if_critical=True)


def _trigger_again(event: Event, why: str, *, at: datetime, only_if_critical: bool = False) -> None:
    """Note a further trigger on the open review. only_if_critical: only if it becomes critical by that."""
    group = _group_of(event)
    review = reviewer.lock_open_about(event.subject_id)
    if group is None or group.is_muted:
        return
    if review is None:
        _review_again(group, event, at=at)
        return
    becomes_critical = group.level == BreachLevel.CRITICAL and review.severity != Severity.CRITICAL
    if becomes_critical or not only_if_critical:
        annotate(review, why=why, severity=_severity(group), by=SYSTEM, at=at, cause=event)


def _review_again(group: BreachGroup, event: Event, *, at: datetime) -> None:
    """Open a new review if the last one was settled as a warning and the group became critical since."""
    last = Review.objects.filter(about=group.subject).order_by("-id").first()
    if (
        last is None
        or group.level != BreachLevel.CRITICAL
        or last.severity == Severity.CRITICAL
        or (last.settled_at and last.settled_at >= event.at)
    ):
        return
    on_breach_group_opened(event, at=at)


def _severity(group: BreachGroup) -> str:
    return Severity.CRITICAL if group.level == BreachLevel.CRITICAL else Severity.WARNING


@handler("risklog.review.note_cleared_breach_group")
@history.in_one_transaction
def on_breach_group_cleared(event: Event, *, at: datetime) -> None:
    """Note that the breach cleared. The review stays open, because it has no outcome yet.

    The review of a group that is now part of another one is withdrawn, because the other one has a review.
    """
    group = _group_of(event)
    review = reviewer.lock_open_about(event.subject_id)
    if review and group and group.merged_into:
        reason = f"{group.reference} is now part of {group.merged_into.reference}."
        withdraw(review, reason=reason, by=SYSTEM, at=at, cause=event)
    elif review:
        history.record(
            review,
            events.ReviewAnnotated(
                why="The breach cleared on its own. The review stays open until it has an outcome."
            ),
            by=SYSTEM,
            at=at,
            cause=event,
        )


@handler("risklog.review.set_model")
@history.in_one_transaction
def on_breach_claimed(event: Event, *, at: datetime) -> None:
    """Set the model of the open review when the model of its breach group is registered."""
    group = _group_of(event)
    if group is None or group.model is None:
        return
    review = reviewer.lock_open_about(event.subject_id)
    if review is None or review.model is not None:
        return
    people_missing = [entry for entry in review.missing if entry["code"] not in reviewer.OF_FACTS]
    missing = [*reviewer.missing_facts(review.about, group.model), *people_missing]
    history.change(
        review,
        {"model": group.model, "missing": missing, "title": _title(group)},
        by=SYSTEM,
        at=at,
        payload=events.ReviewAnnotated(why=f"Model registered: {group.model.name}."),
        cause=event,
    )
    history.retitle(review)


def _group_of(event: Event) -> BreachGroup | None:
    return _GROUP.first(subject=event.subject_id)


def _title(group: BreachGroup) -> str:
    """Return the title of a group's review: "Review of B-7: PSI too high on Churn"."""
    return f"Review of {group.reference}: {group.title}"[:300]


_BEGINNINGS = {
    "signals.breach_group_reopened": "Reopened: ",
    "signals.breach_group_unmuted": "Still open after it was muted: ",
}


def _reason(group: BreachGroup, verb: str) -> str:
    """Return the summary of the worst breach as the reason of the review."""
    worst = _WORST_BREACH.first(group=group.pk)
    reason = worst.summary if worst and worst.summary else f"{group.title} crossed its threshold."
    return _BEGINNINGS.get(verb, "") + reason
