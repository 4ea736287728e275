"""The API of the matrix of risks: get it, change it, and ask what a change would do."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from rest.fields import Body, read
from rest.resource import Item
from risklog.models import RiskMatrix
from risklog.operations import matrix as operations


def _names(help_text: str, **kwargs: Any) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=40), min_length=5, max_length=5, help_text=help_text, **kwargs
    )


def _cells(**kwargs: Any) -> serializers.ListField:
    level = serializers.IntegerField(min_value=1, max_value=5)
    return serializers.ListField(
        child=serializers.ListField(child=level, min_length=5, max_length=5),
        min_length=5,
        max_length=5,
        help_text="Five rows, from likelihood 1 to 5, each with the levels of impact 1 to 5.",
        **kwargs,
    )


class MatrixEffect(serializers.Serializer):
    """What a change would do to the live risks that you may see."""

    changed = serializers.IntegerField(help_text="Risks that would get another level.")
    risen = serializers.IntegerField(help_text="Those that would get a higher level.")
    fallen = serializers.IntegerField(help_text="Those that would get a lower level.")


class MatrixRow(serializers.Serializer):
    """The matrix in force. A level is a number from 1 (lowest) to 5 (highest)."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    likelihoods = _names("The names of likelihood 1 to 5.")
    impacts = _names("The names of impact 1 to 5.")
    levels = _names("The names of level 1 to 5.")
    cells = _cells()
    effect = MatrixEffect(allow_null=True, default=None, help_text="Of a dry run, else null.")


class MatrixChange(Body):
    """The fields to change. Fields that are not sent keep their values."""

    likelihoods = _names("The names of likelihood 1 to 5.", required=False)
    impacts = _names("The names of impact 1 to 5.", required=False)
    levels = _names("The names of level 1 to 5.", required=False)
    cells = _cells(required=False)
    dry_run = serializers.BooleanField(
        required=False, help_text="Write nothing, and answer the matrix as it would be, with its effect."
    )


class RiskMatrixItem(Item):
    """Get the matrix of risks."""

    kind = "risk_matrix"
    serializer_class = MatrixRow
    permission = {"GET": "risklog.matrix_view", "PATCH": "risklog.matrix_change"}
    bodies = {"PATCH": MatrixChange}

    def rows(self, request: Request) -> QuerySet:
        return RiskMatrix.objects.visible_to(request.user)

    def get(self, request: Request, key: str = "1") -> Response:
        return self.answer(request, key)

    def one(self, request: Request, key: str) -> dict[str, Any]:
        return {**MatrixRow(RiskMatrix.present()).data, "effect": None}

    def patch(self, request: Request, key: str = "1") -> Response:
        """Change the matrix. With dry_run, only answer how many risks would change their level."""
        values, matrix = read(MatrixChange, request), RiskMatrix.present()
        seen = self.seen(request, matrix)
        if values.pop("dry_run", False):
            effect = operations.effect_of(values, reader=request.user)
            return Response({**self.one(request, key), **values, "effect": MatrixEffect(effect).data})
        operations.change(matrix, values, by=self.by(request), at=clock.now(), seen=seen)
        return self.answer(request, key)


RESOURCES: list = [("risk-matrix", RiskMatrixItem)]
