"""The servers that the programs use: embedded ones, which are supervised, or external ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from riskhub.engine import outside, processes
from riskhub.engine.home import Home
from riskhub.engine.postgres import Cluster
from riskhub.engine.valkey import Server


class Servers(Protocol):
    """PostgreSQL and Valkey, embedded or external."""

    is_own: bool

    def engines(self) -> list[Any]: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def environment(self) -> dict[str, str]:
        """Return the current DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL."""


@dataclass
class ForeignServers:
    """External servers, named in the environment."""

    urls: dict[str, str]
    is_own: bool = False

    def engines(self) -> list[Any]:
        return []

    def start(self) -> None:
        """Do nothing, because external servers run already."""

    def stop(self) -> None:
        """Do nothing, because Riskhub does not stop external servers."""

    def environment(self) -> dict[str, str]:
        # Riskhub also runs with a single role. The health page names the disadvantage.
        return {"DATABASE_OWNER_URL": self.urls["DATABASE_URL"]} | self.urls


@dataclass
class PostgresEngine:
    """The embedded PostgreSQL as a Running for a Keeper."""

    cluster: Cluster
    name: str = "PostgreSQL"

    def start(self) -> None:
        self.cluster.ensure()

    def ended(self) -> str | None:
        process = self.cluster.process
        code = process.poll() if process is not None else None
        if code is not None:
            return f"exit {code}" if code >= 0 else f"signal {-code}"
        return None if process is not None or self.cluster.pid is not None else "gone"


@dataclass
class ValkeyEngine:
    """The embedded Valkey as a Running for a Keeper."""

    server: Server
    name: str = "Valkey"

    def start(self) -> None:
        self.server.start()

    def ended(self) -> str | None:
        process = self.server.process
        code = process.poll() if process is not None else None
        if code is not None:
            return f"exit {code}" if code >= 0 else f"signal {-code}"
        return None if process is not None else "gone"


@dataclass
class OwnServers:
    """The embedded PostgreSQL and Valkey in RISKHUB_HOME."""

    home: Home
    pause: processes.Pause
    is_own: bool = True
    cluster: Cluster = field(init=False)
    server: Server = field(init=False)

    def __post_init__(self) -> None:
        logs = self.home.logs
        self.cluster = Cluster(self.home.path / "postgres", log=logs / "postgresql.log", pause=self.pause)
        self.server = Server(self.home.path / "valkey", log=logs / "valkey.log", pause=self.pause)

    def engines(self) -> list[Any]:
        return [PostgresEngine(self.cluster), ValkeyEngine(self.server)]

    def start(self) -> None:
        # A killed supervisor left these servers behind. They are not child processes, so they cannot be kept.
        self.stop()
        self.cluster.ensure()
        self.server.start()

    def stop(self) -> None:
        self.server.stop()
        self.cluster.stop()

    def environment(self) -> dict[str, str]:
        urls = self.cluster.urls
        return {
            "DATABASE_URL": urls.application,
            "DATABASE_OWNER_URL": urls.owner,
            "REDIS_URL": self.server.url,
        }


def choose(environment: Mapping[str, str], home: Home, pause: processes.Pause) -> Servers:
    """Return the external servers if the environment names them, else the embedded ones. Raises Trouble."""
    urls = outside.given(environment)
    return ForeignServers(urls) if urls else OwnServers(home, pause)
