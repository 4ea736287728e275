"""The servers of a run, in a temporary folder, and a new database for every row."""

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from riskhub.engine.postgres import Cluster, Urls
from riskhub.engine.valkey import Server

TEMPLATE = "chaos_template"


class Ground:
    """PostgreSQL with a migrated template, and Valkey. The servers always end with this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cluster = Cluster(folder / "postgres")
        self.valkey = Server(folder / "valkey")
        self.urls: Urls | None = None

    def start(self) -> None:
        """Start both, configure Django, and create the template. Django must not be loaded before."""
        (self.folder / "home" / "static").mkdir(parents=True, exist_ok=True)  # without it WhiteNoise warns
        self.urls = self.cluster.ensure()
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "riskhub.settings",
            "DATABASE_URL": self.urls.application,
            "DATABASE_OWNER_URL": self.urls.owner,
            "REDIS_URL": self.valkey.start(),
            "RISKHUB_HOME": str(self.folder / "home"),
            "SECRET_KEY": secrets.token_urlsafe(40),
            "EMAIL_URL": "",
            "RISKHUB_MAIL_BUNDLE_MINUTES": "0",  # the ledger compares each row with a mail of its own
            "RISKHUB_URL": "http://localhost",
            "RISKHUB_API_RATE": "0",
            "RISKHUB_INGEST_RATE": "0",
        }
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", database="owner", verbosity=0)
        self.point_at("postgres")
        self._do("ALTER DATABASE riskhub RENAME TO {}", TEMPLATE)

    def fresh(self, name: str) -> None:
        """Create a migrated, empty database of this name, and connect Django to it."""
        self.point_at("postgres")
        self._do("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        self._do("CREATE DATABASE {} TEMPLATE {}", name, TEMPLATE)
        self.point_at(name)

    def empty(self, name: str) -> None:
        """Create a database of this name without tables, and connect Django to it."""
        self.point_at("postgres")
        self._do("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        self._do("CREATE DATABASE {} TEMPLATE template0", name)
        self.point_at(name)

    def point_at(self, database: str) -> None:
        from django.db import connections

        connections.close_all()
        for alias in ("default", "owner"):
            connections[alias].settings_dict["NAME"] = database

    def stop(self) -> None:
        self.valkey.stop()
        self.cluster.stop(mode="immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _do(self, statement: str, *names: str) -> None:
        assert self.urls is not None
        server = self.urls.owner.rsplit("/", 1)[0]
        with psycopg.connect(f"{server}/postgres", autocommit=True) as owner:
            owner.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def ground() -> Iterator[Ground]:
    """Run the servers during the block, and stop them after it, also on Ctrl-C."""
    # Not below the home of the user, because PostgreSQL runs with fewer rights if this process is root.
    made = Ground(Path(tempfile.mkdtemp(prefix="riskhub-chaos-")))
    try:
        made.start()
        yield made
    finally:
        print("  stopping the servers", file=sys.stderr)
        made.stop()
