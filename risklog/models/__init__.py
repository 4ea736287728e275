"""The models of the risk log: one module per noun."""

from risklog.models.acceptance import Acceptance
from risklog.models.appetite import Appetite
from risklog.models.escalation import Climb, Escalation, Ladder, LadderVersion, Rung
from risklog.models.experiment import (
    Challenge,
    Experiment,
    ExperimentOwner,
    ExperimentPlan,
    ExperimentRun,
)
from risklog.models.imports import Import, ImportFile, ImportRow, ImportRun
from risklog.models.matrix import RiskMatrix
from risklog.models.reveal import Reveal
from risklog.models.review import Review, Reviewer
from risklog.models.risk import Risk
from risklog.models.scoring import Score, ScoringRound
from risklog.models.taxonomy import Category
from risklog.models.template import FilledTemplate, Template, TemplateVersion

__all__ = [
    "Acceptance", "Appetite", "Category", "Challenge", "Climb", "Escalation", "Experiment",
    "ExperimentOwner", "ExperimentPlan", "ExperimentRun", "FilledTemplate", "Import", "ImportFile",
    "ImportRow", "ImportRun", "Ladder", "LadderVersion", "Reveal", "Review", "Reviewer", "Risk",
    "RiskMatrix", "Rung",
    "Score", "ScoringRound",
    "Template", "TemplateVersion",
]  # fmt: skip
