"""RISKHUB_HOME, and the addresses of external servers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from riskhub.engine import outside
from riskhub.engine.errors import Trouble
from riskhub.engine.home import ROOT, Home, as_given, private_folder

NOBODY = "127.0.0.1:1"  # nothing listens on port 1


def test_home_is_closed_to_others_and_its_key_is_made_once(tmp_path: Path) -> None:
    home = Home(tmp_path / "a" / "var")
    home.take()
    assert {place.stat().st_mode & 0o777 for place in (home.path, home.path.parent, home.logs)} == {0o700}
    key = home.secret_key()
    assert key == Home(home.path).secret_key()
    assert len(key) >= 60
    assert (home.path / "secret-key").stat().st_mode & 0o777 == 0o600


def test_a_second_supervisor_reports_where_the_first_one_runs(tmp_path: Path) -> None:
    first = Home(tmp_path / "var")
    first.take()
    first.publish({"RISKHUB_ADDRESS": "http://localhost:8123"})
    with pytest.raises(Trouble, match=r"already runs from .*http://localhost:8123 .*Fix: "):
        Home(first.path).take()


def test_a_folder_with_other_things_in_it_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "letter").write_text("dear")
    with pytest.raises(Trouble, match="contains other files"):
        Home(tmp_path).take()
    with pytest.raises(Trouble, match="it is a file"):
        Home(tmp_path / "letter").take()
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "letter").stat().st_mode & 0o777 != 0o700


def test_existing_parents_keep_their_permissions(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    private_folder(tmp_path / "open" / "new" / "home")
    assert (tmp_path / "open").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "open" / "new").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("said", ["PORT", "SECRET_KEY", "REDIS_URL"])
def test_a_value_set_by_a_person_counts_although_a_killed_run_published_the_same(
    tmp_path: Path, said: str
) -> None:
    published = {
        "DATABASE_URL": "postgresql://dead@127.0.0.1:1/riskhub",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": "k" * 30 + "0123456789" * 3,
        "PORT": "8011",
    }
    (tmp_path / "instance.json").write_text(json.dumps(published))
    # The environment after riskhub.settings was read, as in `manage.py up`.
    script = "import json, os, riskhub.settings; print(json.dumps(dict(os.environ)))"
    environment = {"PATH": "/usr/bin:/bin", "RISKHUB_HOME": str(tmp_path), said: published[said]}
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=ROOT, capture_output=True, check=True
    )
    found = json.loads(run.stdout)
    assert published.items() <= found.items()

    given = as_given(found)

    assert {name: given[name] for name in published if name in given} == {said: published[said]}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"DATABASE_URL": "postgresql://u:p@h/x"}, "DATABASE_URL is set and REDIS_URL is not"),
        ({"REDIS_URL": "redis://h"}, "REDIS_URL is set and DATABASE_URL is not"),
        ({"DATABASE_OWNER_URL": "postgresql://u:p@h/x"}, "DATABASE_OWNER_URL is set and DATABASE_URL is not"),
        ({"DATABASE_URL": "nonsense", "REDIS_URL": "redis://h"}, "DATABASE_URL is not a URL of the form"),
        ({"DATABASE_URL": "mysql://h/x", "REDIS_URL": "redis://h"}, "DATABASE_URL is not a URL of the form"),
        (
            {"DATABASE_URL": "postgresql://h:99999/x", "REDIS_URL": "redis://h"},
            "DATABASE_URL is not a URL of the form",
        ),
        ({"DATABASE_URL": f"postgresql://u:hush@{NOBODY}/x", "REDIS_URL": "redis://h"}, "Connection refused"),
    ],
)
def test_a_wrong_address_is_reported_in_one_line_with_the_fix(given: dict[str, str], told: str) -> None:
    with pytest.raises(Trouble) as trouble:
        outside.given(given)
    line = str(trouble.value)
    assert told in line
    assert "Fix: " in line
    assert "\n" not in line
    assert "hush" not in line


def test_a_missing_broker_is_reported_in_one_line() -> None:
    with pytest.raises(Trouble, match=r"REDIS_URL: 127\.0\.0\.1:1/0 cannot be used \(.*refused\)\. Fix: "):
        outside.check_broker("REDIS_URL", f"redis://:hush@{NOBODY}/0")


def test_empty_addresses_count_as_none() -> None:
    assert outside.given({"DATABASE_URL": "", "REDIS_URL": " "}) == {}
