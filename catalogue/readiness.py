"""Whether a model is ready for a deployment: a list of checks, each with what to do. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

# A rehearsal counts for half a year.
REHEARSAL_LASTS = timedelta(days=182)


@dataclass(frozen=True, slots=True)
class ReadinessFacts:
    """What the checks read. rehearsed_on: the day of the last rehearsal of the rollback, None without one."""

    has_owner_team: bool
    has_signer: bool
    has_procedure: bool
    has_procedure_owner: bool
    rehearsed_on: date | None
    is_last_rolled_back: bool


@dataclass(frozen=True, slots=True)
class ReadinessCheck:
    """One check. name: short, for lists. fix: what to do if it is not met."""

    name: str
    is_met: bool
    fix: str


@dataclass(frozen=True, slots=True)
class Readiness:
    checks: Sequence[ReadinessCheck]

    @property
    def missing(self) -> list[ReadinessCheck]:
        return [check for check in self.checks if not check.is_met]

    @property
    def is_ready(self) -> bool:
        return not self.missing

    @property
    def sentence(self) -> str:
        """Return the result in words: "Ready", or what is missing."""
        if self.is_ready:
            return "Ready"
        return "Missing: " + ", ".join(check.name.lower() for check in self.missing)


def readiness(facts: ReadinessFacts, *, today: date) -> Readiness:
    """Return the checks of a model, in their order."""
    is_rehearsed = facts.rehearsed_on is not None and today - facts.rehearsed_on <= REHEARSAL_LASTS
    return Readiness(
        (
            ReadinessCheck("Owner team", facts.has_owner_team, "Set the owner team of the model."),
            ReadinessCheck(
                "Sign-off",
                facts.has_signer,
                "Say who signs off deployment windows: assign this decision right.",
            ),
            ReadinessCheck("Rollback procedure", facts.has_procedure, "Write down the steps of a rollback."),
            ReadinessCheck(
                "Rollback owner", facts.has_procedure_owner, "Name an owner of the rollback procedure."
            ),
            ReadinessCheck(
                "Recent rehearsal", is_rehearsed, "Rehearse the rollback, at least every half year."
            ),
            ReadinessCheck(
                "Last deployment kept",
                not facts.is_last_rolled_back,
                "The last deployment to production was rolled back. Find out why before the next one.",
            ),
        )
    )
