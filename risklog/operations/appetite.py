"""Appetites, and the date by which a risk above its appetite needs a treatment plan.

The date is on the risk (plan_due_on), and a Due is put for it. settle() sets and removes both. A handler
calls it after each event that can change whether a risk needs a plan (riskhub/flows.py); a change of an
appetite calls it in its own transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import BooleanField, Case, F, Q, QuerySet, Value, When

from actions.models import Action
from catalogue.models import Model
from catalogue.states import Tier
from history import operations as history
from history.models import Due, Event, Subject
from history.queries import changed_fields
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from risklog.events import risk as events
from risklog.models import Appetite, Category, Risk
from risklog.models.appetite import appetite_of, needs_plan
from risklog.operations.days import day_of, moment_of

DUE = "risklog.plan_due"
FIELDS = ("max_score", "plan_days", "why", "because")
_BATCH = 1000


# ------------------------------------------------------------------ appetites


@transaction.atomic
def add(
    *,
    max_score: int,
    why: str,
    plan_days: int = 14,
    category: Category | None = None,
    tier: int | None = None,
    because: Subject | None = None,
    by: Actor,
    at: datetime,
) -> Appetite:
    """Add an appetite. Risks above it need a plan within plan_days days.

    max_score: 1 to 25. tier: 1 to 4. Without category and tier it is for all risks. why, because: the reason,
    and the decision or other object behind it. Raises Refused.
    """
    _check({"max_score": max_score, "plan_days": plan_days, "why": why})
    if category is not None and category.is_retired:
        raise Refused(f"“{category.name}” is retired. Choose another category.", field="category")
    if tier is not None and tier not in Tier.values:
        raise Refused(f"Use one of {', '.join(map(str, Tier.values))}.", field="tier")
    appetite = Appetite(
        category=category,
        tier=tier,
        max_score=max_score,
        plan_days=plan_days,
        why=why.strip(),
        because=because,
    )
    try:
        with transaction.atomic():
            history.record(appetite, "risklog.appetite_added", by=by, at=at)
    except IntegrityError:
        raise Refused(
            f"There is an appetite for {appetite.scope}. Change that one.", field="category"
        ) from None
    settle(Risk.objects.all(), at=at)
    return appetite


@transaction.atomic
def change(
    appetite: Appetite, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Appetite:
    """Change fields of FIELDS. A date that a risk has already stays. Raises Refused, ChangedMeanwhile."""
    if unknown := set(values) - set(FIELDS):
        raise ValueError(f"change() does not set {', '.join(sorted(unknown))}.")
    if appetite.is_retired:
        raise Refused("This appetite was removed. Add a new one.")
    _check(values)
    history.change(appetite, values, by=by, at=at, seen=seen, verb="risklog.appetite_changed")
    settle(Risk.objects.all(), at=at)
    return appetite


@transaction.atomic
def retire(appetite: Appetite, *, by: Actor, at: datetime, seen: int | None = None) -> Appetite:
    """Remove an appetite. Its history stays."""
    history.change(appetite, {"is_retired": True}, by=by, at=at, seen=seen, verb="risklog.appetite_retired")
    history.retire(appetite)
    settle(Risk.objects.all(), at=at)
    return appetite


def move_appetites(category: Category, into: Category, *, by: Actor, at: datetime) -> None:
    """Move the appetites of a category that is merged. One ends if the other has its own for the tier."""
    used = Appetite.objects.filter(is_retired=False).select_related("subject", "category").order_by("pk")
    own = set(used.filter(category=into).values_list("tier", flat=True))
    found = list(used.filter(category=category))
    moved = [one for one in found if one.tier not in own]
    for ended in (one for one in found if one.tier in own):
        retire(ended, by=by, at=at)
    pairs = [(appetite, {"category": into}) for appetite in moved]
    history.change_many(pairs, by=by, at=at, verb="risklog.appetite_changed")


def _check(values: Mapping[str, Any]) -> None:
    """Raise Refused with the name of the field if a number is not valid, or if the reason is missing."""
    for field, most in (("max_score", 25), ("plan_days", 365)):
        if field in values and not 1 <= values[field] <= most:
            raise Refused(f"Use a number from 1 to {most}.", field=field)
    if "why" in values and not values["why"].strip():
        raise Refused("Enter the reason.", field="why")


# ------------------------------------------------------------------ who needs a plan


@history.in_one_transaction
def settle(risks: QuerySet[Risk], *, at: datetime, cause: Event | None = None) -> int:
    """Give the risks that need a plan a date for it, and take the date from those that do not any more.

    A date that a risk has already stays, so that each rise above the appetite is told and escalated once.
    Return how many changed. One query if none does.
    """
    rows = risks.select_related("subject").annotate(
        needs=_truth(needs_plan()),
        has_date=_truth(Q(plan_due_on__isnull=False)),
        limit=appetite_of("max_score"),
    )
    rows = rows.annotate(days=appetite_of("plan_days")).exclude(needs=F("has_date")).order_by("pk")
    number = 0
    while batch := list(rows[:_BATCH]):
        _require([risk for risk in batch if risk.needs], at=at, cause=cause)
        _release([risk for risk in batch if not risk.needs], at=at, cause=cause)
        number += len(batch)
        if len(batch) < _BATCH:
            break
    return number


def _truth(condition: Q) -> Case:
    return Case(When(condition, then=Value(True)), default=Value(False), output_field=BooleanField())


def settle_one(risk: Risk, *, at: datetime, cause: Event | None = None) -> None:
    """settle() for a risk that the caller goes on with: it has the date and version of the database then."""
    if settle(Risk.objects.filter(pk=risk.pk), at=at, cause=cause):
        risk.refresh_from_db(fields=["plan_due_on", "version"])


def _require(risks: Sequence[Any], *, at: datetime, cause: Event | None) -> None:
    """Set the dates. The days count from the event that made the plan necessary, if a handler runs late."""
    today = day_of(cause.at if cause else at)
    pairs, payloads, dues = [], [], []
    for risk in risks:
        due_on = today + timedelta(days=risk.days)
        pairs.append((risk, {"plan_due_on": due_on}))
        payloads.append(
            events.PlanRequired(due_on=due_on.isoformat(), score=risk.severity, max_score=risk.limit)
        )
        dues.append((DUE, risk.subject_id, f"{due_on.isoformat()} {at.isoformat()}", _moment(due_on)))
    history.change_many(pairs, payloads=payloads, by=SYSTEM, at=at, cause=cause)
    history.put_dues(dues)


def _release(risks: Sequence[Risk], *, at: datetime, cause: Event | None) -> None:
    pairs = [(risk, {"plan_due_on": None}) for risk in risks]
    history.change_many(pairs, payload=events.PlanSettled(), by=SYSTEM, at=at, cause=cause)
    for risk in risks:
        history.drop_dues(risk.subject_id, DUE)


def _moment(due_on: date) -> datetime:
    """Return when the day of the plan is over: the start of work on the next day."""
    return moment_of(due_on + timedelta(days=1))


# ------------------------------------------------------------------ what happens later


@history.in_one_transaction
def plan_is_due(due: Due, *, at: datetime) -> None:
    """Write that the plan is overdue, unless the risk has one or another date by now."""
    risk = Risk.objects.select_related("subject").filter(subject_id=due.subject_id).first()
    day = due.occurrence.partition(" ")[0]
    if risk is None or risk.plan_due_on is None or risk.plan_due_on.isoformat() != day:
        return
    settle_one(risk, at=at)
    if risk.plan_due_on is not None:
        history.record(risk, events.PlanOverdue(due_on=day), by=SYSTEM, at=at)


@handler("risklog.appetite.settle")
def on_risk(event: Event, *, at: datetime) -> None:
    """A risk was created or changed: its score, its appetite or its plan may be another."""
    settle(Risk.objects.filter(subject_id=event.subject_id), at=at, cause=event)


@handler("risklog.appetite.settle_after_action")
def on_action(event: Event, *, at: datetime) -> None:
    """An action about a risk was added, reopened, done or dropped: the risk may have a plan now, or none."""
    actions = Action.objects.filter(subject_id=event.subject_id)
    settle(Risk.objects.filter(subject__in=actions.values("about")), at=at, cause=event)


@handler("risklog.appetite.settle_after_model_change")
def on_model_changed(event: Event, *, at: datetime) -> None:
    """The tier of a model changed: another appetite may apply to its risks."""
    if "tier" in changed_fields(event):
        models = Model.objects.filter(subject_id=event.subject_id)
        settle(Risk.objects.filter(model__in=models), at=at, cause=event)


@handler("risklog.appetite.replan")
def on_time_changed(event: Event, *, at: datetime) -> None:
    """Move the Dues of plans when the time zone or the start of the day of the organisation changes."""
    if changed_fields(event) & {"time_zone", "day_starts_at"}:
        waiting = Risk.objects.filter(plan_due_on__isnull=False).values_list("subject_id", flat=True)
        history.replan_dues(waiting, DUE, to=lambda due: (due.occurrence, _moment(_day_of(due))))


def _day_of(due: Due) -> date:
    return date.fromisoformat(due.occurrence.partition(" ")[0])
