"""Migration of a database of an earlier version: no row is lost, rights and visibility stay, work continues.

README.md says how `old_database.sql.xz` was made.
"""

import json
import lzma
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from psycopg import sql

from history import documents, guard, relay
from history.chain import verify
from history.models import Due, Event, Handover, SearchDocument, Subject
from history.states import Work
from people.models import User
from riskhub.search import find
from risklog.models import Escalation, Review, Risk
from tests.conftest import _digest, _made_once, _module_database, _sources

DUMP = Path(__file__).parent / "old_database.sql.xz"
DUMPED_AT = datetime(2026, 11, 29, 1, 2, tzinfo=UTC)
# Tables of Django about the code itself, which grow with the code.
OF_THE_CODE = {"django_migrations", "django_content_type", "auth_permission"}
WHOLE = Counter(risk=1, review=1, escalation=2, action=4, decision=5, learning=3)


@pytest.fixture(scope="module")
def counts(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest
) -> Iterator[tuple[dict[str, int], dict[str, int]]]:
    """Connect this module to the migrated old database. Yields the row counts before and after."""
    before_file = Path(os.environ["RISKHUB_HOME"]) / "old_database.json"

    def migrate() -> None:
        name = str(connections["default"].settings_dict["NAME"])
        with _owner_of(name) as owner:
            owner.execute(lzma.decompress(DUMP.read_bytes()))
        before_file.write_text(json.dumps(_rows(name)))
        call_command("migrate", database="owner", verbosity=0)

    def migrated() -> str:
        return _made_once(f"test_old_{_digest([DUMP, *_sources()])}", "template0", migrate)

    with _module_database(migrated, django_db_blocker) as name:
        yield json.loads(before_file.read_text()), _rows(name)


@pytest.fixture
def old(counts: object, db: None) -> None:
    """A transaction in the migrated old database, as the application role."""


def test_no_table_loses_or_gains_a_row(counts):
    before, after = ({table: n for table, n in c.items() if table not in OF_THE_CODE} for c in counts)
    assert sum(before.values()) > 2000
    assert {table: (n, after.get(table)) for table, n in before.items() if after.get(table) != n} == {}


def test_no_migration_is_left(old):
    planned = MigrationExecutor(connection)
    assert planned.migration_plan(planned.loader.graph.leaf_nodes()) == []


def test_the_application_role_reads_and_writes_every_table_but_may_not_change_history(old):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            " AND NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT'))"
        )
        assert cursor.fetchall() == []
    assert guard.is_guarded_by_role()
    for statement in ("UPDATE history_event SET verb = 'x'", "DELETE FROM history_event"):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(statement)


def test_the_chain_of_history_is_intact(old):
    verdict = verify()
    assert verdict.broken_at is None
    assert verdict.length > 20


@pytest.mark.parametrize("name", ["jonas", "priya", "victor", "admin"])
def test_a_stranger_sees_nothing_of_the_restricted_risk(old, name):
    reader = _person(name)
    assert _seen_by(reader) == Counter()
    assert not Risk.objects.visible_to(reader).filter(title__startswith="Zanzibar").exists()
    assert not Event.objects.visible_to(reader).filter(subject__title__startswith="Zanzibar").exists()
    # An open risk is there for them.
    assert Risk.objects.visible_to(reader).exists()


@pytest.mark.parametrize("name", ["ana", "noor", "mila", "ines"])
def test_a_member_of_its_team_sees_all_that_depends_on_it(old, name):
    assert _seen_by(_person(name)) == WHOLE


@pytest.mark.parametrize("name", ["wei", "sofia"])
def test_a_reviewer_sees_the_review_and_what_it_is_about(old, name):
    reader = _person(name)
    review = Review.objects.visible_to(reader).get(title="Zanzibar review")
    assert review.reviewers.filter(user=reader).exists()
    assert Risk.objects.visible_to(reader).filter(subject_id=review.about_id).exists()
    assert Escalation.objects.visible_to(reader).filter(title__startswith="Zanzibar").count() == 2


def test_owners_of_its_actions_see_the_action_and_what_it_is_about(old):
    assert "Zanzibar action" in _titles_seen_by("ken")
    assert "Zanzibar risk" in _titles_seen_by("ken")
    assert _titles_seen_by("tunde") == {"Zanzibar decision", "Zanzibar further action"}


def test_an_old_risk_is_found_by_a_word_of_its_description_by_who_may_see_it(old):
    reader = _person("victor")
    risk = Risk.objects.visible_to(reader).exclude(description="").order_by("pk").first()
    words = " ".join(risk.description.split()[:6])
    hidden = Risk.objects.filter(title__startswith="Zanzibar").values("subject_id")

    assert risk.subject_id in find(reader, words).values_list("pk", flat=True)
    assert SearchDocument.objects.filter(subject__in=hidden).exists()
    assert not find(reader, "Zanzibar").exists()
    assert list(documents.rebuild()) == []


def test_waiting_handovers_and_due_dates_run_without_failures(old):
    # Leases use the clock of the database, so the test also passes on a day before the dump.
    for rows in (Handover, Due):
        rows.objects.filter(state=Work.PENDING).update(not_before=DUMPED_AT - timedelta(days=3650))
    told = Event.objects.count()
    assert Handover.objects.filter(state=Work.PENDING).count() == 9

    handed_on = relay.relay(at=DUMPED_AT)
    acted = relay.act_on_dues(at=DUMPED_AT + timedelta(days=14))
    handed_on += relay.relay(at=DUMPED_AT + timedelta(days=14))

    assert handed_on.done >= 9
    assert acted.done > 20
    assert _errors() == []
    assert not Handover.objects.exclude(state=Work.DONE).exists()
    assert Event.objects.count() > told
    assert _seen_by(_person("victor"), "Quokka") == Counter()
    assert {"risk", "review", "action"} <= set(_seen_by(_person("mila"), "Quokka"))


def _owner_of(database: str) -> psycopg.Connection:
    settings = connections["owner"].settings_dict
    return psycopg.connect(
        host=settings["HOST"],
        port=settings["PORT"],
        user=settings["USER"],
        password=settings["PASSWORD"],
        dbname=database,
        autocommit=True,
    )


def _rows(database: str) -> dict[str, int]:
    """Return the number of rows of each table."""
    with _owner_of(database) as owner:
        tables = [
            row[0] for row in owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ]
        return {
            table: owner.execute(
                sql.SQL("SELECT count(*) FROM public.{}").format(sql.Identifier(table))
            ).fetchone()[0]
            for table in tables
        }


def _person(name: str) -> User:
    return User.objects.get(email=f"{name}@example.org")


def _seen_by(reader: User, prefix: str = "Zanzibar") -> Counter[str]:
    """Return the number of subjects with this prefix that the reader sees, by kind."""
    subjects = Subject.objects.visible_to(reader).filter(title__startswith=prefix)
    return Counter(subjects.values_list("kind", flat=True))


def _titles_seen_by(name: str) -> set[str]:
    subjects = Subject.objects.visible_to(_person(name)).filter(title__startswith="Zanzibar")
    return set(subjects.values_list("title", flat=True))


def _errors() -> list[tuple[str, str]]:
    """Return the rows of work that failed at least once, with their errors."""
    failed = [
        (row.handler, row.error)
        for row in Handover.objects.exclude(state=Work.DONE).exclude(error="").order_by("pk")
    ]
    return failed + [
        (row.kind, row.error) for row in Due.objects.exclude(state=Work.DONE).exclude(error="").order_by("pk")
    ]
