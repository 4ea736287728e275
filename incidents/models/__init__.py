"""The models of this room: one module per noun."""

from incidents.models.incident import Incident

__all__ = ["Incident"]
