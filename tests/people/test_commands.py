"""issue_token and setup_link print exactly one line."""

import os
import subprocess
import sys
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from people.authentication import find
from tests.conftest import AT
from tests.factories import people

pytestmark = pytest.mark.django_db


def run(*arguments, **options):
    out = StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


def test_issue_token_prints_a_token_that_works():
    user = people.user(email="ana@example.org")

    text = run("issue_token", "Ana@example.org", "--scope", "ingest", "--days", "7")

    found = find(text.strip(), at=AT)
    assert text.count("\n") == 1
    assert (found.user, found.scope) == (user, "ingest")


@pytest.mark.parametrize(
    "wrong",
    [
        ["nobody@example.org"],
        ["ana@example.org", "--days", "9999"],
        ["ana@example.org", "--name", " "],
        ["ana@example.org", "--name", "x" * 81],
    ],
)
def test_issue_token_fails_with_the_fix(wrong):
    people.user(email="ana@example.org")

    with pytest.raises(CommandError):
        run("issue_token", *wrong)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("", "with its time zone"),
        ("2026-11-23", "with its time zone"),
        ("2026-13-01T00:00Z", "with its time zone"),
        ("0001-01-01T00:00+14:00", "in the past"),
        ("9999-12-31T23:59:59-12:00", "ten years ahead"),
    ],
)
def test_tick_refuses_a_moment_that_is_none_past_or_too_far(moment, said):
    people.organisation(is_sample=True)

    with pytest.raises(CommandError, match=said):
        run("tick", "--at", moment)


@pytest.mark.parametrize("command", [["issue_token", "ana@example.org"], ["tick"], ["setup_link"]])
def test_without_a_database_a_command_says_so_in_one_line(command, tmp_path):
    environment = {
        **os.environ,
        "RISKHUB_HOME": str(tmp_path),
        "DATABASE_URL": "postgresql://riskhub_app@127.0.0.1:1/riskhub",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        env=environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("CommandError: The database does not answer (")


def test_setup_link_prints_an_address_until_the_set_up(client, settings):
    settings.BASE_URL = "http://localhost:8000"
    first, second = run("setup_link").strip(), run("setup_link").strip()

    assert second.startswith("http://localhost:8000/people/set-up/")
    assert client.get(second.removeprefix("http://localhost:8000")).status_code == 200
    assert first != second
    people.organisation()
    with pytest.raises(CommandError):
        run("setup_link")
