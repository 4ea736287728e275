"""The models of this room: one module per noun."""

from learnings.models.learning import Learning

__all__ = ["Learning"]
