"""What is checked in the register, as a table: each check is a condition on risks and says how to fix them.

The list of risks has the checks as the filter `check`, so its export, its saved views and the API have them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Length
from django.db.models.lookups import LessThan

from actions.models import Action
from actions.states import UNFINISHED, ActionState
from lists.specification import Reader
from people import queries as people
from risklog.models.appetite import needs_plan
from risklog.states import RiskState

STALE_DAYS, ENDING_DAYS, MIN_EVIDENCE = 30, 30, 20
WITHOUT_EVIDENCE = "Closed before it was imported. The sheet had no evidence."

_LIVE = ~Q(state=RiskState.CLOSED)
_INHERENT = F("likelihood") * F("impact")  # `severity` is the residual score, if it is assessed


@dataclass(frozen=True, slots=True)
class RegisterCheck:
    """A check. sentence: what is wrong. fix: what to do. condition: the risks that fail, for a reader.

    is_told: owners are told about it every working day (risklog/operations/stewardship.py).
    """

    name: str
    label: str
    sentence: str
    fix: str
    condition: Callable[[Reader], Q]
    is_told: bool = False


def _actions_of_risk(**which: object) -> Exists:
    return Exists(Action.objects.filter(about=OuterRef("subject"), **which))


def _residual_without_mitigation(reader: Reader) -> Q:
    """An action that was dropped reduces nothing."""
    kept = [state for state in ActionState if state != ActionState.DROPPED]
    return _LIVE & Q(severity__lt=_INHERENT) & ~Q(_actions_of_risk(state__in=kept))


def _accepted_without_end(reader: Reader) -> Q:
    last = reader.today + timedelta(days=people.max_acceptance_days())
    return Q(state=RiskState.ACCEPTED) & (Q(accepted_until__isnull=True) | Q(accepted_until__gt=last))


def _action_without_date(reader: Reader) -> Q:
    return _LIVE & Q(_actions_of_risk(state__in=UNFINISHED, due_on__isnull=True))


def is_ending(reader: Reader) -> Q:
    """The acceptance of the risk ends within ENDING_DAYS days."""
    last = reader.today + timedelta(days=ENDING_DAYS)
    return Q(state=RiskState.ACCEPTED, accepted_until__lte=last)


def is_overdue(reader: Reader) -> Q:
    """The next review of a risk that is not closed was due before today."""
    return _LIVE & Q(review_on__lt=reader.today)


def _is_stale(reader: Reader) -> Q:
    return _LIVE & Q(review_on__lt=reader.today - timedelta(days=STALE_DAYS))


def _closed_without_evidence(reader: Reader) -> Q:
    is_short = Q(LessThan(Length("closing_evidence"), MIN_EVIDENCE))
    is_closed = Q(state=RiskState.CLOSED, merged_into__isnull=True)
    return is_closed & (is_short | Q(closing_evidence=WITHOUT_EVIDENCE))


CHECKS = (
    RegisterCheck(
        "residual_above_inherent",
        "Residual above inherent",
        "The residual score is higher than the inherent score.",
        "Correct one of the two scores.",
        lambda reader: _LIVE & Q(severity__gt=_INHERENT),
    ),
    RegisterCheck(
        "residual_without_mitigation",
        "Residual lower without a mitigation",
        "The residual score is lower than the inherent one, but there is no action about the risk.",
        "Add the action that reduced it, or correct the residual score.",
        _residual_without_mitigation,
    ),
    RegisterCheck(
        "plan_missing",
        "Above appetite without a plan",
        "The score is above the appetite, and there is no treatment and no open action.",
        "Choose a treatment, add an action, or propose to accept the risk.",
        lambda reader: needs_plan(),
    ),
    RegisterCheck(
        "accepted_without_end",
        "Accepted without end",
        "The risk is accepted without an end, or for longer than the organisation allows.",
        "Reopen it, and propose an acceptance within the limit.",
        _accepted_without_end,
    ),
    RegisterCheck(
        "acceptance_ends",
        "Acceptance ends soon",
        f"The acceptance ends within {ENDING_DAYS} days.",
        "Decide how to go on: reopen and treat it, or propose a new acceptance.",
        is_ending,
        is_told=True,
    ),
    RegisterCheck(
        "action_without_date",
        "Action without a date",
        "An open action about the risk has no due date.",
        "Set the due date of the action.",
        _action_without_date,
    ),
    RegisterCheck(
        "unowned",
        "No owner",
        "The risk has no owner.",
        "Choose the person who is responsible.",
        lambda reader: _LIVE & Q(owner__isnull=True),
        is_told=True,
    ),
    RegisterCheck(
        "owner_left",
        "Owner has left",
        "The owner of the risk is not active any more.",
        "Choose another owner.",
        lambda reader: _LIVE & Q(owner__is_active=False),
        is_told=True,
    ),
    RegisterCheck(
        "overdue",
        "Overdue for review",
        "The date of the next review has passed.",
        "Reconfirm the risk, or set another date.",
        is_overdue,
        is_told=True,
    ),
    RegisterCheck(
        "stale",
        "Stale",
        f"The date of the next review passed more than {STALE_DAYS} days ago.",
        "Reconfirm the risk or close it.",
        _is_stale,
        is_told=True,
    ),
    RegisterCheck(
        "closed_without_evidence",
        "Closed without evidence",
        "The risk is closed, but no evidence says that it is resolved.",
        "Reopen the risk, and close it with evidence.",
        _closed_without_evidence,
    ),
)

TOLD_CHECKS = tuple(check for check in CHECKS if check.is_told)
CHECK_NAMED = {check.name: check for check in CHECKS}
