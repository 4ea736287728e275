"""Who may do what in the risk log. Importing this package registers every predicate."""

from risklog.permissions import escalation, matrix, review, risk, scoring, taxonomy, template  # noqa: F401
