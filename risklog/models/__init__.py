"""The models of the risk log: one module per noun."""

from risklog.models.acceptance import Acceptance
from risklog.models.escalation import Climb, Escalation, Ladder, LadderVersion, Rung
from risklog.models.imports import Import, ImportRow
from risklog.models.reveal import Reveal
from risklog.models.review import Review, Reviewer
from risklog.models.risk import Risk
from risklog.models.taxonomy import Category

__all__ = [
    "Acceptance", "Category", "Climb", "Escalation", "Import", "ImportRow", "Ladder", "LadderVersion",
    "Reveal", "Review", "Reviewer", "Risk", "Rung",
]  # fmt: skip
