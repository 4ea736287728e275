"""The files of deploy/: units, nginx, PgBouncer, environment. `make chaos` runs all of them together."""

import re
import shlex
import shutil
import subprocess
import sys

import pytest
import yaml

from chaos.installation import Installation
from riskhub.engine.home import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
MANUAL = (ROOT / "docs" / "operating.md").read_text()
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def _setting(unit: str, name: str) -> list[str]:
    text = (DEPLOY / "systemd" / unit).read_text()
    return re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_each_unit_runs_as_a_user_without_rights(unit):
    assert _setting(unit.name, "User") == ["riskhub"]
    assert _setting(unit.name, "NoNewPrivileges") == ["yes"]
    assert _setting(unit.name, "ProtectSystem") == ["strict"]
    assert "/etc/riskhub/riskhub.env" in _setting(unit.name, "EnvironmentFile")


def test_only_the_backup_knows_the_owner():
    knowing = {unit.name for unit in UNITS if "/etc/riskhub/owner.env" in unit.read_text()}
    assert knowing == {"riskhub-backup.service"}


@pytest.mark.parametrize(
    ("unit", "service", "own"),
    [
        ("riskhub-worker@.service", "worker", {"--hostname", "worker%i@%%h"}),
        ("riskhub-mail.service", "mail", {"--hostname", "mail@%%h"}),
        ("riskhub-beat.service", "beat", {"/var/lib/riskhub/beat-schedule"}),
    ],
)
def test_a_unit_starts_what_the_container_starts(unit, service, own):
    (order,) = _setting(unit, "ExecStart")
    in_container = set(SERVICES[service]["command"][1:]) - {"/tmp/beat"}  # noqa: S108 - of the container
    assert set(shlex.split(order)[1:]) - own == in_container


def test_the_units_as_systemd_reads_them():
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("UNITS NOT CHECKED: there is no systemd-analyze on this machine.")
    run = subprocess.run(
        [analyze, "verify", *map(str, UNITS), str(DEPLOY / "systemd" / "riskhub-backup.timer")],
        check=False,
        capture_output=True,
        text=True,
    )
    # The programs are not in /opt on this machine.
    lines = [line for line in run.stderr.splitlines() if "is not executable" not in line]
    assert lines == []


def test_each_variable_of_the_example_is_explained():
    names = re.findall(r"^(\w+)=", (DEPLOY / "riskhub.env.example").read_text(), re.MULTILINE)
    assert "SECRET_KEY" in names
    assert [name for name in names if f"`{name}`" not in MANUAL] == []


def test_the_example_can_be_read_by_systemd_and_by_a_shell():
    run = subprocess.run(
        ["/bin/sh", "-euc", f"set -a; . {DEPLOY / 'riskhub.env.example'}; exec {sys.executable} -c "
         "'import os; print(os.environ[\"RISKHUB_FROM\"])'"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert run.stdout == "Riskhub <riskhub@example.org>\n"


def test_the_proxy_sends_what_riskhub_trusts():
    site = (DEPLOY / "nginx.conf").read_text()
    for line in (
        "proxy_set_header X-Forwarded-Proto $scheme;",
        "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
        "proxy_set_header X-Request-ID $request_id;",
        "client_max_body_size 55m;",
    ):
        assert line in site


def test_the_pooler_sets_the_time_outs_of_riskhub(settings):
    """PgBouncer drops the start-up options, so the file must have each of them."""
    text = (DEPLOY / "pgbouncer.ini").read_text()
    wanted = dict(re.findall(r"-c (\w+)=(\S+)", settings.DATABASES["default"]["OPTIONS"]["options"]))
    wanted.pop("timezone")  # Django sets it itself
    given = dict(re.findall(r"SET (\w+) = ([\d.]+)", text))
    in_ms = {
        name: value.removesuffix("s") + "000" if value.endswith("s") else value
        for name, value in wanted.items()
    }
    assert given == in_ms


def test_the_statements_of_the_manual_are_for_each_version(tmp_path, monkeypatch):
    monkeypatch.setattr("chaos.installation.programs", dict)
    made = Installation(tmp_path)
    old, new = made._manual_sql(150000), made._manual_sql(180000)
    assert len(old) == len(new) == 5
    assert "LOCALE_PROVIDER" not in " ".join(old) and "builtin" in " ".join(new)
    assert "…" not in " ".join(old)
