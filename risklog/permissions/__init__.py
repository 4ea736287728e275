"""Who may do what in the risk log. Importing this package registers every predicate."""

from risklog.permissions import (  # noqa: F401
    escalation,
    experiment,
    matrix,
    review,
    risk,
    scoring,
    taxonomy,
    template,
)
