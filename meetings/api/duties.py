"""The API of the ledger of duties."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from kit import clock
from lists.specification import Reader
from meetings.filters import DUTIES
from meetings.queries import duties as queries
from rest.resource import Collection


class DutiesDoneRow(serializers.Serializer):
    """What a person did in the period, as far as you may see it. Rows are by name: there are no ranks."""

    id = serializers.IntegerField(help_text="The number of the person.")
    name = serializers.CharField()
    facilitated = serializers.IntegerField(help_text="Meetings that were held.")
    scribed = serializers.IntegerField()
    observed = serializers.IntegerField(help_text="Meetings of other teams.")
    observed_reviews = serializers.IntegerField(help_text="Post-incident reviews that were finished.")
    reviewed = serializers.IntegerField(help_text="Answered review requests.")


class DutiesDone(Collection):
    """The duties that people did in a period, by name."""

    permission = {"GET": "meetings.meeting_view"}
    serializer_class = DutiesDoneRow
    columns = {name: name for name in DutiesDoneRow().fields}
    spec = DUTIES

    def rows(self, request: Request) -> QuerySet[Any]:
        parameters = {name: values for name, values in request.query_params.lists() if name in DUTIES.filters}
        reader = Reader(request.user, clock.today(), clock.now())
        return queries.of_people(DUTIES.read(parameters), reader)


RESOURCES: list = [("duties-done", DutiesDone)]
