"""Who may do what in the risk log. Importing this package registers every predicate."""

from risklog.permissions import escalation, review, risk, taxonomy  # noqa: F401
