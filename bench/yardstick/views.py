"""The bare views: the same rows and filters as Riskhub's, and nothing else."""

import re
import time
from typing import Any

import orjson
from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.views.decorators.csrf import csrf_exempt
from rest_framework import generics, serializers

from history.models import Subject
from incidents.models import Incident
from learnings.models import Learning
from risklog.models import Experiment, Risk
from risklog.states import RiskState
from signals.models import Alert

SIZE = 50
KINDS: dict[str, Any] = {"incident": Incident, "experiment": Experiment, "learning": Learning}
DIRECT = (
    "id", "version", "title", "description", "affected", "category_id", "model_id", "feature", "tags",
    "team_id", "owner_id", "raised_by_id", "likelihood", "impact", "residual_likelihood", "residual_impact",
    "severity", "state", "treatment", "review_on", "confirmations", "accepted_until", "acceptance_reason",
    "closing_evidence", "breach_group_id", "series_id", "opened_at", "updated_at",
)  # fmt: skip
NAMED = {
    "reference": "subject__reference",
    "category_slug": "category__slug",
    "model_slug": "model__slug",
    "team_slug": "team__slug",
    "owner_name": "owner__name",
}
_INSERT = """
INSERT INTO signals_point (series_id, ts, value)
SELECT s, to_timestamp(t), v FROM unnest(%s::bigint[], %s::float8[], %s::float8[]) AS u(s, t, v)
ON CONFLICT DO NOTHING
"""


def _sent(body: bytes | str, kind: str = "application/json") -> HttpResponse:
    answer = HttpResponse(body, content_type=kind)
    answer["Content-Length"] = str(len(answer.content))
    return answer


def livez(request: HttpRequest) -> HttpResponse:
    return _sent(b"{}")


def _narrowed(request: HttpRequest) -> QuerySet[Risk]:
    rows = Risk.objects.filter(state=request.GET["state"], category__slug=request.GET["category"])
    return rows.order_by("-severity", "-id")


def values(request: HttpRequest) -> HttpResponse:
    """Answer with `.values()` and a count, by orjson."""
    found = _narrowed(request)
    page = list(found.values(*DIRECT, **{name: F(path) for name, path in NAMED.items()})[:SIZE])
    return _sent(orjson.dumps({"count": found.count(), "results": page}))


def values_of(request: HttpRequest, kind: str) -> HttpResponse:
    """Answer with `.values()` of a state of a kind, with its reference, and a count, by orjson."""
    found: Any = KINDS[kind].objects.filter(state=request.GET["state"]).order_by("-id")
    columns = [field.attname for field in KINDS[kind]._meta.concrete_fields]
    page = list(found.values(*columns, reference=F("subject__reference"))[:SIZE])
    return _sent(orjson.dumps({"count": found.count(), "results": page}))


def search(request: HttpRequest) -> HttpResponse:
    """Answer with the first subjects whose words match, unranked: the bare query of the GIN index."""
    found = Subject.objects.filter(document__document=SearchQuery(request.GET["q"], config="english"))
    if kind := request.GET.get("kind"):
        found = found.filter(kind=kind)
    page = list(found.order_by("-id").values("id", "kind", "reference", "title")[:SIZE])
    return _sent(orjson.dumps({"results": page}))


def typed(request: HttpRequest) -> HttpResponse:
    """Answer with the live risks that have the words, the last one as a prefix, or the reference."""
    text, live = request.GET["q"], Risk.objects.exclude(state=RiskState.CLOSED)
    words = re.findall(r"\w+", text)
    raw = " & ".join([*words[:-1], f"{words[-1]}:*"])
    matching = SearchQuery(raw, search_type="raw", config="english")
    is_reference = re.fullmatch(r"[Rr]-\d+", text)
    found = (
        live.filter(subject__reference=text.upper())
        if is_reference
        else live.filter(subject__document__document=matching)
    )
    named = {name: F(path) for name, path in NAMED.items()}
    page = list(found.order_by("-severity", "-id").values(*DIRECT, **named)[:SIZE])
    return _sent(orjson.dumps({"results": page}))


class _Row(serializers.ModelSerializer):
    reference = serializers.CharField(source="subject.reference")
    category_slug = serializers.CharField(source="category.slug")
    model_slug = serializers.CharField(source="model.slug", default=None)
    team_slug = serializers.CharField(source="team.slug", default=None)
    owner_name = serializers.CharField(source="owner.name", default=None)

    class Meta:
        model = Risk
        fields = [*(name.removesuffix("_id") for name in DIRECT), *NAMED]


class Listed(generics.ListAPIView):
    """rest_framework's own list."""

    serializer_class = _Row
    pagination_class = None

    def get_queryset(self) -> Any:
        named = _narrowed(self.request).select_related("subject", "category", "model", "team", "owner")
        return named[:SIZE]

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(*args, **kwargs)
        answer.add_post_render_callback(_measure)
        return answer


class Detail(generics.RetrieveAPIView):
    """rest_framework's own detail."""

    serializer_class = _Row
    queryset = Risk.objects.select_related("subject", "category", "model", "team", "owner")

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(*args, **kwargs)
        answer.add_post_render_callback(_measure)
        return answer


class One(generics.RetrieveAPIView):
    """rest_framework's own detail of a kind: all columns and the reference."""

    def get_queryset(self) -> Any:
        return KINDS[self.kwargs["kind"]].objects.select_related("subject")

    def get_serializer_class(self) -> Any:
        return _SERIALIZERS[self.kwargs["kind"]]

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(*args, **kwargs)
        answer.add_post_render_callback(_measure)
        return answer


def _serializer_of(of: Any) -> Any:
    class Row(serializers.ModelSerializer):
        reference = serializers.CharField(source="subject.reference")

        class Meta:
            model = of
            fields = [*(field.name for field in of._meta.concrete_fields), "reference"]

    return Row


_SERIALIZERS = {kind: _serializer_of(model) for kind, model in KINDS.items()}


class _Subject(serializers.ModelSerializer):
    class Meta:
        model = Subject
        fields = ["id", "title"]


class Created(generics.CreateAPIView):
    """rest_framework's own create of one row: a subject, which each create in Riskhub needs too."""

    serializer_class = _Subject
    queryset = Subject.objects.all()

    def perform_create(self, serializer: Any) -> None:
        serializer.save(kind="bench", object_id=time.time_ns())

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(*args, **kwargs)
        answer.add_post_render_callback(_measure)
        return answer


def _measure(answer: Any) -> None:
    answer["Content-Length"] = str(len(answer.content))


def rows(request: HttpRequest) -> HttpResponse:
    """Answer with a template that has a table of the first rows of the risk list."""
    live = Risk.objects.exclude(state=RiskState.CLOSED).order_by("-severity", "-id")
    shown = live.select_related("subject", "category", "model", "team", "owner")[:SIZE]
    return _sent(get_template("rows.html").render({"rows": shown}), "text/html")


@csrf_exempt
def points(request: HttpRequest) -> HttpResponse:
    """Insert [[series, seconds, value], …] into the table, each once."""
    given = orjson.loads(request.body)
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [list(column) for column in zip(*given, strict=True)])
        return _sent(b'{"stored":%d}' % cursor.rowcount)


class _Alert(serializers.ModelSerializer):
    class Meta:
        model = Alert
        fields = ["id", "source", "fingerprint", "starts_at", "name", "labels", "annotations", "received_at",
                  "seen_at"]  # fmt: skip


class Alerts(generics.CreateAPIView):
    """rest_framework's own create."""

    serializer_class = _Alert
    queryset = Alert.objects.all()

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(*args, **kwargs)
        answer.add_post_render_callback(_measure)
        return answer
