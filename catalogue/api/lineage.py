"""The API of the lineage of a model."""

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.api.model import OfModels
from catalogue.queries import lineage as queries
from catalogue.queries import model as model_queries
from rest.resource import Item


class LineageNode(serializers.Serializer):
    """A source, data set, version or model in a lineage."""

    key = serializers.CharField(help_text="Such as version:7, model:churn or source:events.")
    kind = serializers.ChoiceField(list(queries.KINDS.items()))
    name = serializers.CharField(source="label")
    note = serializers.CharField(help_text="Of a model its owner team, of a version its stage and aliases.")


class LineageLink(serializers.Serializer):
    """`end` comes from `start`."""

    start = serializers.CharField(source="start.key")
    end = serializers.CharField(source="end.key")


class ModelLineageAnswer(serializers.Serializer):
    """What the data of a model comes from, its versions, and the models that use it."""

    nodes = LineageNode(many=True)
    links = LineageLink(many=True)


class ModelLineage(OfModels, Item):
    """Get the lineage of a model, with its newest 60 versions."""

    permission = {"GET": "catalogue.view"}
    answers = {"GET": (200, ModelLineageAnswer)}

    def objects(self, request: Request) -> QuerySet:
        return model_queries.models().visible_to(request.user)

    def get(self, request: Request, key: str) -> Response:
        model = self.found(request, key)
        both = (queries.of_data(request.user, model), queries.of_versions(request.user, model))
        found = {
            "nodes": [node for lineage in both for node in lineage.nodes],
            "links": [link for lineage in both for link in lineage.links],
        }
        return Response(ModelLineageAnswer(found).data)


RESOURCES = [("models/<str:key>/lineage", ModelLineage)]
