"""The parts of Dockerfile and docker-compose.yml that can be tested without a Docker engine."""

import os
import re
import subprocess
from pathlib import Path

import psycopg
import pytest
import yaml

from riskhub.engine import roles
from riskhub.engine.home import ROOT
from riskhub.engine.postgres import Cluster, programs

TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
SECRETS = {
    "POSTGRES_PASSWORD",
    "RISKHUB_OWNER_PASSWORD",
    "RISKHUB_APP_PASSWORD",
    "VALKEY_PASSWORD",
    "SECRET_KEY",
}


def test_all_services_are_there_and_start_after_what_they_need() -> None:
    assert set(SERVICES) == {"postgres", "valkey", "migrate", "web", "worker", "mail", "beat"}
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in ("web", "worker", "mail", "beat"):
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert set(SERVICES[name]["depends_on"]) <= set(SERVICES)


def test_no_secret_has_a_default_and_each_is_required_with_a_word() -> None:
    used = re.findall(r"(?<!\$)\$\{(\w+)(:?[-?]?)([^}]*)\}", TEXT)
    assert {name for name, _mark, _rest in used} >= SECRETS | {"RISKHUB_URL"}
    for name, mark, rest in used:
        if name in SECRETS or name == "RISKHUB_URL":
            assert mark == ":?", name
            assert name in rest
    assert not re.search(r"(PASSWORD|SECRET_KEY): [\"']?\w", TEXT)


def test_only_migrations_know_the_owner() -> None:
    knowing = {
        name
        for name, service in SERVICES.items()
        if "DATABASE_OWNER_URL" in (service.get("environment") or {})
    }
    assert knowing == {"migrate"}
    assert all(
        "riskhub_app:" in SERVICES[name]["environment"]["DATABASE_URL"]
        for name in ("web", "worker", "mail", "beat")
    )


def test_nothing_but_the_web_is_reachable_and_that_from_this_machine_only() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]
    assert SERVICES["web"]["ports"] == ["${RISKHUB_BIND:-127.0.0.1}:${PORT:-8000}:8000"]


def test_every_named_volume_and_file_is_declared() -> None:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in COMPOSE["volumes"], name
        for config in service.get("configs", []):
            assert config["source"] in COMPOSE["configs"], name


def test_the_image_runs_as_nobody_special_with_hashed_packages_and_asks_readyz() -> None:
    lines = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text()).splitlines()
    orders = [line.split(" ", 1) for line in lines if line and not line.startswith("#")]
    names = [name for name, _rest in orders]
    assert "USER" in names[: names.index("CMD")]
    assert dict(orders)["USER"] not in ("root", "0")
    assert any("--require-hashes" in rest for name, rest in orders if name == "RUN")
    assert any("collectstatic" in rest for name, rest in orders if name == "RUN")
    assert "/readyz" in dict(orders)["HEALTHCHECK"]
    assert not any(word in rest for _name, rest in orders for word in ("SECRET_KEY", "PASSWORD"))
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".git", ".env", "var", ".venv"} <= set(ignored)


@pytest.fixture
def bare(tmp_path: Path) -> Cluster:
    """A server without Riskhub's roles, as the image creates it."""
    cluster = Cluster(tmp_path / "pg", durable=False)
    cluster.ensure()
    with psycopg.connect(cluster.superuser, autocommit=True) as connection:
        for order in ("DATABASE riskhub", "ROLE riskhub_owner", "ROLE riskhub_app"):
            connection.execute(f"DROP {order}")  # type: ignore[arg-type]
    return cluster


def test_the_first_start_makes_both_roles_and_the_application_owns_nothing(bare: Cluster) -> None:
    script = COMPOSE["configs"]["roles"]["content"].replace("$$", "$")
    place = psycopg.conninfo.conninfo_to_dict(bare.superuser)
    environment = {
        "PATH": f"{programs()}:{os.environ['PATH']}",
        **{"PGHOST": str(place["host"]), "PGPORT": str(place["port"]), "PGPASSWORD": str(place["password"])},
        **{"RISKHUB_OWNER_PASSWORD": "it's owned", "RISKHUB_APP_PASSWORD": "a\\pp"},
    }
    try:
        done = subprocess.run(
            ["sh", "-c", script], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        there = {"host": place["host"], "port": place["port"], "dbname": roles.DATABASE}
        with psycopg.connect(user=roles.OWNER, password="it's owned", **there) as owner:  # type: ignore[arg-type]
            owner.execute("CREATE TABLE kept (number int)")
        with (
            psycopg.connect(user=roles.APPLICATION, password="a\\pp", **there) as application,  # type: ignore[arg-type]
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            application.execute("CREATE TABLE mine (number int)")
    finally:
        bare.stop("immediate")
