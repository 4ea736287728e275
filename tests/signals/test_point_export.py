"""GET /api/v1/points/export streams the points of many series."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import operations as history
from kit.actor import SYSTEM
from people.operations import token
from riskhub import schema
from signals.models import Point, Series
from signals.queries import point_export
from tests.conftest import AT
from tests.factories import catalogue, people
from tests.factories import signals as factory
from tests.signals.conftest import POINTS

pytestmark = pytest.mark.django_db

EXPORT = f"{POINTS}/export"


@pytest.fixture
def ask(client, arriving):
    """Return a function that gets the export as a reader outside of every team, as text."""
    reader = people.user("Reader")
    _, text = token.issue(reader, name="read", scope="read", by=SYSTEM, at=AT)

    def get(**query):
        answer = client.get(EXPORT, query, headers={"Authorization": f"Bearer {text}"})
        return answer, b"".join(answer.streaming_content).decode() if answer.streaming else ""

    return get


def test_the_schema_declares_the_media_type_of_each_format():
    declared = schema.document()["paths"][EXPORT]["get"]["responses"]["200"]["content"]

    assert set(declared) == {kind.partition(";")[0] for kind in point_export.TYPES.values()}


def _points(values, **fields):
    return [
        {"model": "fraud-score", "metric": "psi", "ts": (AT + timedelta(hours=n)).isoformat(), "value": value}
        | fields
        for n, value in enumerate(values)
    ]


def test_csv_has_every_digit_and_no_formula(sender, ask):
    values = [0.1, 0.30000000000000004, 5e-324, -1e300]
    sender(POINTS, {"points": _points(values, feature='=cmd "x", y', slice="EU", unit="%")})

    answer, text = ask()

    rows = list(csv.DictReader(io.StringIO(text)))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="points-2026-11-23.csv"'
    assert [float(row["value"]) for row in rows] == values
    assert {row["feature"] for row in rows} == {'\'=cmd "x", y'}
    assert (rows[1]["ts"], rows[1]["unit"]) == ((AT + timedelta(hours=1)).isoformat(), "%")


def test_a_line_of_ndjson_is_a_point_that_can_be_sent_again(client, sender, ask):
    sender(POINTS, {"points": [*_points([0.1, 0.2]), *_points([3.0], metric="auc", kind="performance")]})

    answer, text = ask(format="ndjson")
    again = client.post(
        POINTS,
        text.encode(),
        content_type="application/x-ndjson",
        headers={"Authorization": f"Bearer {sender.token}"},
    )

    assert answer["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line)["value"] for line in text.splitlines()] == [0.1, 0.2, 3.0]
    assert again.json()["results"] == ["duplicate"] * 3


def test_filters_narrow_the_series_and_the_period(sender, ask):
    sender(POINTS, {"points": [*_points([0.1, 0.2, 0.3]), *_points([9.0], metric="auc")]})
    first, second = Series.objects.order_by("id")

    def values(**query):
        return [row["value"] for row in csv.DictReader(io.StringIO(ask(**query)[1]))]

    assert values(metric="auc") == values(series=str(second.pk)) == ["9.0"]
    assert values(series=f"{first.pk},{second.pk}") == ["0.1", "0.2", "0.3", "9.0"]
    start, end = AT + timedelta(hours=1), AT + timedelta(hours=2)
    assert values(**{"from": start.isoformat(), "until": end.isoformat()}) == ["0.2"]
    assert values(model="unknown") == []
    refused, _ = ask(format="xlsx", order="ts")
    assert refused.status_code == 400
    assert {error["field"] for error in refused.json()["errors"]} == {"format", "order"}


def test_the_points_of_a_restricted_model_are_left_out(ask):
    hidden, shown = catalogue.model("hidden-model"), catalogue.model("fraud-score")
    for model in (hidden, shown):
        factory.series(model)
    history.restrict(hidden.subject, [people.team("Others").subject_id])

    _, text = ask()

    assert "fraud-score" in text
    assert "hidden-model" not in text


@pytest.mark.parametrize("series", [1, 3])
def test_the_number_of_statements_is_the_same_for_any_number_of_series(sender, ask, series):
    sender(POINTS, {"points": [one for n in range(series) for one in _points([0.1], feature=f"f{n}")]})

    with CaptureQueriesContext(connection) as caught:
        ask()

    assert sum("signals_" in query["sql"] for query in caught) == 2
    assert Point.objects.count() == series
