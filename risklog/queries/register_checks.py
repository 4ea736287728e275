"""Reading the register checks: how many risks fail each, for one reader."""

from dataclasses import dataclass

from lists import counting
from lists.specification import Reader
from risklog.models import Risk
from risklog.register_checks import CHECKS, RegisterCheck


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A check with the number of risks that fail it and that the reader may see.

    number: at most lists.counting.CAP. is_capped: whether there are more.
    """

    check: RegisterCheck
    number: int
    is_capped: bool


def results(reader: Reader) -> list[CheckResult]:
    """Return the results of all checks, in the order of the table.

    One query, and one for the organisation.
    """
    rows = Risk.objects.visible_to(reader.user)
    numbers = counting.capped_counts({check.name: rows.filter(check.condition(reader)) for check in CHECKS})
    return [CheckResult(check, *numbers[check.name]) for check in CHECKS]
