"""The text filter of the risk list: each text has a plan of its own, and no text gets into the statement."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from people.states import Role
from risklog.filters.full_text import WrittenQuery
from tests.factories import people, risks

pytestmark = pytest.mark.django_db


@pytest.fixture
def listed(client):
    """Return the statement that loads the rows of the list for a text, and the page."""
    client.force_login(people.user(role=Role.RISK_MANAGER))
    risks.risk("Scores drift"), risks.risk("O'Brien's latency")

    def ask(text: str) -> tuple[str, str]:
        with CaptureQueriesContext(connection) as queries:
            page = client.get("/risks/", {"q": text}).content.decode()
        (rows,) = [one["sql"] for one in queries if 'AS "severity"' in one["sql"]]
        return rows, page

    return ask


def test_the_words_are_in_the_statement_and_their_documents_are_joined_first(listed):
    sql, page = listed("scores dri")

    assert "to_tsquery('english'::regconfig, 'scores & dri:*')" in sql
    assert sql.index('"history_searchdocument"', sql.index("FROM")) < sql.index('"risklog_category" ON')
    assert page.count("data-row>") == 1
    assert "Scores drift" in page


@pytest.mark.parametrize(
    ("text", "found"),
    [("o'brien", 1), ("O'Brien's lat", 1), ("'); DROP TABLE x; -- latency", 0), (r"latency\ %s %", 1)],
)
def test_signs_in_a_text_are_left_out(listed, text, found):
    sql, page = listed(text)

    assert "'brien" not in sql.lower()
    assert "DROP TABLE" not in sql
    assert page.count("data-row>") == found


@pytest.mark.parametrize("words", [["it's"], ["a", "b'"], ["%s"], [""]])
def test_a_word_with_a_sign_cannot_be_written(words):
    with pytest.raises(ValueError, match="letters, digits"):
        WrittenQuery(words, "english")
