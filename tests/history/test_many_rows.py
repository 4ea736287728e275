"""Bulk writes of more rows than one statement can have parameters for."""

import pytest
from django.db import connection
from django.db.models import CompositePrimaryKey
from django.test.utils import CaptureQueriesContext

from history import operations as history
from history.models import Event
from kit.actor import SYSTEM
from risklog.models import Category
from signals.models import Point
from tests.conftest import AT
from tests.factories import risks

pytestmark = pytest.mark.django_db
ROWS = 20


@pytest.fixture
def small_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit of 30 parameters instead of 16,000, so that few rows need several statements."""
    monkeypatch.setattr(connection.features, "max_query_params", 30)


def _inserts(queries: CaptureQueriesContext, table: str) -> int:
    return sum(f'INSERT INTO "{table}"' in query["sql"] for query in queries)


def test_new_rows_and_their_events_are_split(small_statements):
    with CaptureQueriesContext(connection) as queries:
        fresh = [
            Category(slug=f"many-{number}", name=f"Many {number}", kind="drift", definition="Many rows.")
            for number in range(ROWS)
        ]
        history.record_many(fresh, "risklog.category_added", by=SYSTEM, at=AT)

    assert Category.objects.filter(slug__startswith="many-").count() == ROWS
    assert (
        Event.objects.filter(verb="risklog.category_added", subject__title__startswith="Many").count() == ROWS
    )
    assert _inserts(queries, "risklog_category") > 1
    assert _inserts(queries, "history_event") > 1


def test_changes_are_split_and_each_row_gets_its_own_value(small_statements):
    fresh = [risks.risk(title=f"Risk {number}") for number in range(8)]

    with CaptureQueriesContext(connection) as queries:
        history.change_many(
            [(risk, {"affected": f"People {number}", "feature": "age"}) for number, risk in enumerate(fresh)],
            by=SYSTEM,
            at=AT,
        )

    for number, risk in enumerate(fresh):
        risk.refresh_from_db()
        assert (risk.affected, risk.feature) == (f"People {number}", "age")
    assert sum(query["sql"].startswith('UPDATE "risklog_risk"') for query in queries) > 1


def test_a_statement_has_no_more_parameters_than_the_protocol_allows():
    key = Point._meta.pk
    assert isinstance(key, CompositePrimaryKey)

    assert connection.features.max_query_params <= 65_535
    assert connection.ops.bulk_batch_size([key], []) * 2 <= 65_535
    assert connection.ops.bulk_batch_size(Event._meta.concrete_fields, []) > 1_000
    assert connection.ops.bulk_batch_size([], [1, 2]) == 2
