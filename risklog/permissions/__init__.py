"""Who may do what in the register; importing this package registers every predicate."""

from risklog.permissions import escalation, review, risk, taxonomy  # noqa: F401
