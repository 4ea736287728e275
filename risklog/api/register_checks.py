"""The API of the register checks. The risks of a check: GET /risks?check=…"""

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from lists.filtering import BadQuery, Reader
from rest.resource import ApiView, Collection
from risklog.filters import REGISTER_CHECKS
from risklog.queries import register_checks as queries


class CheckRow(serializers.Serializer):
    """A check of the register."""

    name = serializers.CharField(source="check.name", help_text="The value of the filter `check` of /risks.")
    title = serializers.CharField(source="check.label")
    sentence = serializers.CharField(source="check.sentence", help_text="What is wrong with the risks.")
    fix = serializers.CharField(source="check.fix", help_text="What to do.")
    number = serializers.IntegerField(help_text="The risks that fail it and that you may see; at most 1000.")
    is_capped = serializers.BooleanField(help_text="Whether there are more.")


class CheckList(serializers.Serializer):
    """All checks of the register. They are one page."""

    results = CheckRow(many=True)
    count = serializers.IntegerField()


class RegisterChecks(ApiView):
    """The checks of the register."""

    permission = {"GET": "risklog.risk_view"}
    answers = {"GET": (200, CheckList)}
    spec = REGISTER_CHECKS

    def get(self, request: Request) -> Response:
        """List the checks, each with the number of risks that fail it."""
        try:
            selection = self.spec.read(dict(request.query_params.lists()))
        except BadQuery as error:
            raise ValidationError({name: [text] for name, text in error.errors.items()}) from None
        if cursors := set(selection.place) - {"limit"}:
            raise ValidationError({name: ["This list has one page."] for name in cursors})
        found = queries.results(Reader(request.user, clock.today(), clock.now()))
        shown = found[: Collection._size(selection.place.get("limit"))]
        return Response({"results": CheckRow(shown, many=True).data, "count": len(found)})


RESOURCES: list = [("register-checks", RegisterChecks)]
