"""The values of a risk: what they may be, and who sees the risk as its owner. The score is in scores.py."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from history import operations as history
from history.operations import GrantReason
from kit.actor import Actor
from kit.refusals import Refused
from people.models import User
from people.queries import why_no_owner
from risklog.models import Risk
from risklog.operations.days import day_of
from risklog.states import RiskState, Treatment


def check(values: Mapping[str, Any]) -> None:
    """Raise Refused with the name of the field if a value is not valid. values: field name -> value."""
    if "title" in values and not str(values["title"]).strip():
        raise Refused("Enter a title: what may go wrong, in a few words.", field="title")
    if len(str(values.get("title", ""))) > 200:
        raise Refused("Shorten the title to 200 characters. Use the description for details.", field="title")
    category = values.get("category")
    if category is not None and category.is_retired:
        raise Refused(f"“{category.name}” is retired. Choose another category.", field="category")
    if reason := why_no_owner(values.get("owner")):
        raise Refused(reason, field="owner")
    for name in ("likelihood", "impact", "residual_likelihood", "residual_impact"):
        value = values.get(name)
        if name in values and (value is not None or "residual" not in name) and value not in (1, 2, 3, 4, 5):
            raise Refused("Use a number from 1 to 5.", field=name)
    if values.get("treatment") and values["treatment"] not in Treatment.values:
        raise Refused(f"Use one of {', '.join(Treatment.values)}.", field="treatment")


def check_review(values: Mapping[str, Any], *, today: date) -> None:
    """Raise Refused if a live risk would have no next review, or one that is past. values: what is set.

    A date that is past already stays: the review is overdue.
    """
    if "review_on" not in values:
        return
    if values["review_on"] is None:
        raise Refused("A live risk has a next review. Enter its date.", field="review_on")
    if values["review_on"] < today:
        raise Refused("Choose today or a later day.", field="review_on")


def check_change(risk: Risk, changes: Mapping[str, Any], *, at: datetime) -> None:
    """Raise Refused with the name of the field if a risk may not get these values."""
    check(changes)
    if "review_on" in changes and risk.state != RiskState.CLOSED:
        check_review(changes, today=day_of(at))
    check_residual(risk, changes)


def check_residual(risk: Risk, values: Mapping[str, Any]) -> None:
    """Raise Refused if only one of the two residual figures would be set once `values` are applied."""
    likelihood, impact = (
        values.get(name, getattr(risk, name)) for name in ("residual_likelihood", "residual_impact")
    )
    if (likelihood is None) != (impact is None):
        missing = "residual_likelihood" if likelihood is None else "residual_impact"
        raise Refused("Enter both residual likelihood and residual impact, or neither.", field=missing)


def hand_over_sight(risk: Risk, former: User | None, *, by: Actor, at: datetime) -> None:
    """Move the owner's grant on the risk and everything below it from the former owner to the current one."""
    hand_over_sight_of_many([(risk, former)], by=by, at=at)


def hand_over_sight_of_many(pairs: Sequence[tuple[Risk, User | None]], *, by: Actor, at: datetime) -> None:
    """hand_over_sight() of many risks. pairs: (risk, its former owner)."""
    moves = [(risk.subject, former, risk.owner) for risk, former in pairs]
    history.hand_over_roots(moves, reason=GrantReason.OWNER, by=by, at=at)
