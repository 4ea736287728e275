"""The form of the matrix: a name for each step and level, and the level of each cell."""

import json
from hashlib import sha256
from typing import Any

from django import forms

from pages.forms import PageForm
from risklog import scoring
from risklog.models import RiskMatrix
from risklog.scoring import Matrix

_NAMES = {"likelihoods": "Likelihood", "impacts": "Impact", "levels": "Level"}


class MatrixForm(PageForm):
    """A field for each name (such as levels_5), and one for each cell (such as cell_5_4)."""

    def __init__(self, *args: Any, matrix: Matrix, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field, label in _NAMES.items():
            for number, name in getattr(matrix, field).items():
                self.fields[f"{field}_{number}"] = forms.CharField(
                    label=f"{label} {number}", max_length=40, initial=name
                )
        levels = [(number, f"{number} {name}") for number, name in matrix.levels.items()]
        for likelihood, impact in scoring.every_cell():
            self.fields[f"cell_{likelihood}_{impact}"] = forms.TypedChoiceField(
                label=f"{matrix.likelihoods[likelihood]}, {matrix.impacts[impact].lower()} impact",
                choices=levels,
                coerce=int,
                initial=matrix.level(likelihood, impact),
            )

    @classmethod
    def of(cls, row: RiskMatrix, data: Any = None) -> "MatrixForm":
        """Return the form of the matrix in force."""
        return cls(data, matrix=row.as_matrix())

    def values(self) -> dict[str, Any]:
        """Return the values by the fields of the matrix."""
        given = self.cleaned_data
        names = {field: [given[f"{field}_{step}"] for step in scoring.STEPS] for field in _NAMES}
        cells = [
            [given[f"cell_{likelihood}_{impact}"] for impact in scoring.STEPS] for likelihood in scoring.STEPS
        ]
        return {**names, "cells": cells}

    @property
    def mark(self) -> str:
        """Return the mark of the values of a valid form: forms with other values have other marks."""
        return sha256(json.dumps(self.values(), sort_keys=True).encode()).hexdigest()

    @property
    def name_groups(self) -> list[tuple[str, list[Any]]]:
        """Return the heading and the fields of each group of names."""
        groups = {"likelihoods": "Likelihoods", "impacts": "Impacts", "levels": "Levels"}
        return [
            (heading, [self[f"{field}_{step}"] for step in scoring.STEPS])
            for field, heading in groups.items()
        ]

    @property
    def cell_rows(self) -> list[tuple[int, list[Any]]]:
        """Return the rows of the matrix: a likelihood, the highest first, and the fields of its cells."""
        return [
            (likelihood, [self[f"cell_{likelihood}_{impact}"] for impact in scoring.STEPS])
            for likelihood in reversed(scoring.STEPS)
        ]
