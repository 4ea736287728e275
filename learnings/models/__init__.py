"""The models of this room: one module per noun."""

from learnings.models.learning import Learning
from learnings.models.use import LearningUse

__all__ = ["Learning", "LearningUse"]
