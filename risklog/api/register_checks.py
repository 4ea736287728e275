"""The API of the register checks. The risks of a check: GET /risks?check=…"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.queries import model_check
from kit import clock
from lists.specification import Reader
from rest.resource import SpecView, page_size
from risklog.filters.register_checks import REGISTER_CHECKS
from risklog.queries import register_checks as queries


class CheckRow(serializers.Serializer):
    """A check of the register."""

    name = serializers.CharField(source="check.name", help_text="The value of the filter `check` of /risks.")
    title = serializers.CharField(source="check.label")
    sentence = serializers.CharField(source="check.sentence", help_text="What is wrong with the risks.")
    fix = serializers.CharField(source="check.fix", help_text="What to do.")
    number = serializers.IntegerField(help_text="The risks that fail it and that you may see; at most 1000.")
    is_capped = serializers.BooleanField(help_text="Whether there are more.")


class ModelCheckRow(serializers.Serializer):
    """A check of the inventory of models."""

    name = serializers.CharField(source="check.name", help_text="The value of the filter `check` of /models.")
    title = serializers.CharField(source="check.label")
    sentence = serializers.CharField(source="check.sentence", help_text="What is wrong with the models.")
    fix = serializers.CharField(source="check.fix", help_text="What to do.")
    number = serializers.IntegerField(help_text="The models that fail it and that you may see; at most 1000.")
    is_capped = serializers.BooleanField(help_text="Whether there are more.")


class CheckList(serializers.Serializer):
    """The checks of the register, in the order of the page."""

    results = CheckRow(many=True)
    models = ModelCheckRow(many=True, help_text="All checks of the inventory, on each page.")
    count = serializers.IntegerField()
    is_count_capped = serializers.BooleanField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class RegisterChecks(SpecView):
    """The checks of the register."""

    permission = {"GET": "risklog.risk_view"}
    answers = {"GET": (200, CheckList)}
    spec = REGISTER_CHECKS

    def get(self, request: Request) -> Response:
        """List the checks, each with the number of risks that fail it."""
        selection = self.selection(request)
        reader = Reader(request.user, clock.today(), clock.now())
        page = self._page(request, queries.results(reader), selection.place)
        return Response({**page, "models": ModelCheckRow(model_check.results(reader), many=True).data})

    @staticmethod
    def _page(
        request: Request, results: list[queries.CheckResult], place: Mapping[str, str]
    ) -> dict[str, Any]:
        """Return one page as the answer. Its cursor is the name of the last check."""
        if "before" in place:
            raise ValidationError({"before": ["This list is read forwards only. Use after."]})
        names, start, size = [result.check.name for result in results], 0, page_size(place.get("limit"))
        if "after" in place:
            if place["after"] not in names:
                raise ValidationError({"after": ["Use the value of “after” in the address “next”."]})
            start = names.index(place["after"]) + 1
        shown, link = results[start : start + size], None
        if start + size < len(results):
            query = {**request.query_params.dict(), "after": shown[-1].check.name}
            link = request.build_absolute_uri(f"{request.path}?{urlencode(query)}")
        counts = {"count": len(results), "is_count_capped": False}
        return {"results": CheckRow(shown, many=True).data, **counts, "next": link, "previous": None}


RESOURCES: list = [("register-checks", RegisterChecks)]
