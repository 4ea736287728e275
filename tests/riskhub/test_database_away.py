"""Pages while PostgreSQL is unavailable, and the log lines of normal refusals."""

import logging

import pytest
from django.db import InterfaceError, ProgrammingError, connection
from psycopg.errors import UndefinedColumn, UndefinedTable

from riskhub.logs import LineFormatter
from tests.factories import people


@pytest.fixture
def away(client, monkeypatch):
    """A signed-in reader whose database refuses every connection."""
    people.organisation()
    client.force_login(people.user("Ana"))
    client.raise_request_exception = False
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")
    yield client
    monkeypatch.undo()
    connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/", "/risks/", "/no/such/page/", "/people/sign-in/"])
def test_a_page_says_503_with_a_page_of_ours(away, path):
    answer = away.get(path)

    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    page = answer.content.decode()
    assert "cannot reach its database" in page and "css/" in page and "Traceback" not in page
    assert answer["Content-Security-Policy"]


@pytest.mark.django_db(transaction=True)
def test_a_form_and_a_fragment_say_503_too(away):
    assert away.post("/actions/new/", {"title": "X"}).status_code == 503
    fragment = away.get("/risks/", headers={"HX-Request": "true"})
    assert fragment.status_code == 503
    assert "<html" not in fragment.content.decode()
    assert "cannot reach its database" in fragment.content.decode()


@pytest.fixture
def read_only(client):
    """A signed-in reader whose database takes no writes, as a standby does."""
    people.organisation()
    client.force_login(people.user("Ana"))
    client.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    yield client
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = off")


@pytest.mark.django_db(transaction=True)
def test_a_read_only_database_is_told_in_one_line_with_its_fix(read_only, caplog):
    page = read_only.post("/actions/new/", {"title": "X", "type": "other", "owner": "1"})
    answer = read_only.post("/api/v1/actions", {"title": "X"}, content_type="application/json")

    assert (page.status_code, answer.status_code) == (503, 503)
    assert int(page["Retry-After"]) > 0 and int(answer["Retry-After"]) > 0
    (line,) = [record.getMessage() for record in caplog.records if record.name == "riskhub.errors"]
    assert line == (
        "The database is read-only. Fix: Name the primary server in DATABASE_URL,"
        " or end the read-only mode of the server."
    )
    assert read_only.get("/actions/").status_code == 200


def _formatted(caplog):
    formatter = LineFormatter("{levelname} {name} {message}", style="{")
    return "\n".join(
        formatter.format(record) for record in caplog.records if record.name.startswith("django")
    )


@pytest.mark.django_db(transaction=True)
def test_an_absent_database_is_one_line_in_the_log(away, caplog):
    away.get("/risks/")

    written = _formatted(caplog)
    assert "/risks/" in written and "Traceback" not in written


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status"),
    [("/people/tokens/999999/", 404), ("/notices/mail/", 403), ("/learnings/?size=9", 400)],
)
def test_an_ordinary_refusal_writes_no_traceback(client, caplog, path, status):
    people.organisation()
    client.force_login(people.user("Ana"))

    assert client.get(path).status_code == status

    assert "Traceback" not in _formatted(caplog)


def test_the_handler_of_the_settings_writes_these_lines():
    formats = [handler.formatter for handler in logging.getLogger().handlers]
    assert any(isinstance(one, LineFormatter) for one in formats)


def test_a_server_error_keeps_its_traceback(caplog):
    try:
        raise ValueError("ours")
    except ValueError:
        logging.getLogger("django.request").exception("Internal Server Error", extra={"status_code": 500})

    assert "Traceback" in _formatted(caplog)


# What monitoring sends. Without it /metrics is refused before the database is asked.
TOKEN = {"Authorization": f"Bearer rh_{'a' * 10}_{'0' * 64}"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/readyz", "/healthz/pipeline", "/metrics"])
def test_monitoring_is_told_in_the_format_it_reads(away, path):
    answer = away.get(path, headers=TOKEN)

    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0 and "no-store" in answer["Cache-Control"]
    assert "html" not in answer["Content-Type"]
    assert "The database does not answer." in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/readyz", "/healthz/pipeline", "/metrics"])
def test_a_connection_that_was_lost_is_told_to_monitoring_too(client, monkeypatch, path):
    def closed(*args: object) -> None:
        raise InterfaceError("the connection is closed")

    monkeypatch.setattr("django.db.backends.utils.CursorWrapper.execute", closed)

    answer = client.get(path, headers=TOKEN)

    assert answer.status_code == 503 and "html" not in answer["Content-Type"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/", "Riskhub is not ready yet"),
        ("/people/sign-in/", "Riskhub is not ready yet"),
        ("/api/v1/people", "migrations of this version are waiting"),
        ("/readyz", "Migrations are waiting"),
        ("/healthz/pipeline", "Migrations are waiting"),
        ("/metrics", "Migrations are waiting"),
    ],
)
@pytest.mark.parametrize("missing", [UndefinedTable, UndefinedColumn])
def test_a_database_that_is_not_migrated_is_503(client, monkeypatch, path, words, missing):
    people.organisation()
    client.force_login(people.user("Ana"))
    client.raise_request_exception = False
    monkeypatch.setattr("riskhub.health._migrated", [])

    def unmigrated(*args: object) -> None:
        raise ProgrammingError("it does not exist") from missing("it does not exist")

    monkeypatch.setattr("django.db.backends.utils.CursorWrapper.execute", unmigrated)

    answer = client.get(path)

    assert answer.status_code == 503 and int(answer["Retry-After"]) > 0
    assert words in answer.content.decode()
