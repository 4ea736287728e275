"""The manifest of a backup: what it is of and how it must look. It carries a digest of itself."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tomllib
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from riskhub.engine.errors import Trouble
from riskhub.engine.home import ROOT, write_private

NAME, DUMP, FILES = "manifest.json", "database.dump", "files.tar"
FORMAT = 1
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Table:
    """The number of rows of a table and their digest, which does not depend on the order of the rows."""

    rows: int
    digest: str


@dataclass(frozen=True)
class StoredFile:
    """A file of the backup: its size in bytes and its sha256 in hexadecimal digits."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup is of.

    at: the moment of the snapshot. command: what wrote it. migrations: app -> its newest migration.
    left_out: tables whose rows are not in the backup. files: how many attached files it has; None if they are
    in a bucket. files_missing: how many the register names that the storage lacked or that were damaged.
    """

    at: datetime
    command: str
    riskhub: str
    commit: str
    postgresql: str
    pg_dump: str
    migrations: dict[str, str]
    tables: dict[str, Table]
    left_out: list[str]
    files: int | None
    files_missing: int
    parts: dict[str, StoredFile] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())

    @property
    def server_major(self) -> int:
        return int(self.postgresql.split(".")[0])

    @property
    def dump_major(self) -> int:
        return int(self.pg_dump.split(".")[0])

    def write(self, folder: Path) -> None:
        values = asdict(self) | {"at": self.at.isoformat()}
        text = json.dumps(values | {"seal": _seal(values)}, indent=1, sort_keys=True)
        write_private(folder / NAME, text + "\n")


def read(folder: Path) -> Manifest:
    """Read the manifest of a backup. Raises Trouble if there is none, or if it is damaged or newer."""
    if not folder.is_dir():
        raise Trouble(f"{folder} is no backup. Fix: name the folder that `backup` wrote.")
    try:
        values = json.loads((folder / NAME).read_text())
        seal = values.pop("seal")
    except FileNotFoundError:
        raise Trouble(
            f"{folder} has no {NAME}, so it is no complete backup. Fix: copy it again, or use another backup."
        ) from None
    except (OSError, ValueError, AttributeError, KeyError):
        raise _damaged(folder) from None
    if seal != _seal(values):
        raise _damaged(folder)
    if values["format"] > FORMAT:
        raise Trouble(
            f"{folder} was written by a newer Riskhub ({values['riskhub']}). Fix: use that version or newer."
        )
    return _manifest(values)


def _manifest(values: dict[str, Any]) -> Manifest:
    known = {one.name for one in fields(Manifest)}
    found = {name: value for name, value in values.items() if name in known}
    found["at"] = datetime.fromisoformat(values["at"])
    found["tables"] = {name: Table(**table) for name, table in values["tables"].items()}
    found["parts"] = {name: StoredFile(**part) for name, part in values["parts"].items()}
    return Manifest(**found)


def _damaged(folder: Path) -> Trouble:
    return Trouble(f"{folder / NAME} is damaged. Fix: copy the backup again, or use another one.")


def _seal(values: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def measure(path: Path) -> StoredFile:
    """Return the size and the sha256 of a file."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return StoredFile(size, digest.hexdigest())


def riskhub_version() -> str:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]["version"]


def riskhub_commit() -> str:
    """Return the commit of this code; "" outside a clone."""
    git = shutil.which("git")
    if not git or not (ROOT / ".git").exists():
        return ""
    command = [git, "-C", str(ROOT), "rev-parse", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
