"""RISKHUB_HOME: the folder with all data of an installation. Only its owner can read it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from riskhub.engine.errors import Trouble

# Names, separated by spaces, of the variables that riskhub.settings set from instance.json in this process.
FILLED_IN = "RISKHUB_FILLED_IN"
ROOT = Path(__file__).resolve().parent.parent.parent


def private_folder(path: Path) -> Path:
    """Create the folder and its missing parents with mode 0700.

    An existing `path` gets mode 0700 too. Existing parents are not changed.
    """
    missing = [place for place in (path, *path.parents) if not place.exists()]
    if not missing and not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "it is a file", str(path))
    for place in reversed(missing):
        place.mkdir(mode=0o700, exist_ok=True)
    if path.stat().st_mode & 0o777 != 0o700:
        path.chmod(0o700)
    return path


def write_private(path: Path, text: str) -> None:
    """Replace the file atomically, with mode 0600, so that a reader finds either the old or the new text."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in the file; {} if there is no such file. Raises Trouble if it cannot be read."""
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise Trouble(
            f"{path} cannot be read ({error}). Fix: restore its owner, or restore the file from a backup."
        ) from error
    return found if isinstance(found, dict) else {}


class Home:
    """RISKHUB_HOME, used by one supervisor. The lock is released when the process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def instance(self) -> Path:
        """Return the path of the file by which a command in another terminal finds the running servers."""
        return self.path / "instance.json"

    def take(self) -> None:
        """Create the folder and lock it.

        Raises Trouble if it cannot be written, or if another supervisor has locked it.
        """
        try:
            self._refuse_foreign()
            private_folder(self.path)
            private_folder(self.logs)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Trouble(self._held()) from None
        except OSError as error:
            raise Trouble(
                f"{self.path} cannot be used ({error.strerror}). Fix: make yourself its owner,"
                " or choose another folder: RISKHUB_HOME=/some/folder make run"
            ) from None
        os.truncate(self._lock, 0)
        os.write(self._lock, str(os.getpid()).encode())

    def is_held(self) -> bool:
        """Return True if a supervisor, or a command that needs the servers, has locked the folder."""
        try:
            descriptor = os.open(self.path / "lock", os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _refuse_foreign(self) -> None:
        # After RISKHUB_HOME=/tmp by mistake, mode 0700 on that folder would break the machine.
        if self.path.is_dir() and any(self.path.iterdir()) and not (self.path / "lock").exists():
            raise Trouble(
                f"{self.path} contains other files, and Riskhub needs a folder of its own."
                f" Fix: RISKHUB_HOME={self.path / 'riskhub'} make run"
            )

    def _held(self) -> str:
        holder = (self.path / "lock").read_text().strip()
        where = read_json(self.instance).get("RISKHUB_ADDRESS")
        at = f" at {where}" if where else ""
        return (
            f"Riskhub already runs from {self.path}{at} (process {holder}). Fix: use that one, stop it"
            " with Ctrl-C, or start a second one: RISKHUB_HOME=/another/folder PORT=8001 make run"
        )

    def secret_key(self) -> str:
        """Return the signing key of this installation, which is created once."""
        path = self.path / "secret-key"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(48))
        return path.read_text().strip()

    def publish(self, values: Mapping[str, str]) -> None:
        """Write instance.json."""
        write_private(self.instance, json.dumps(dict(values), indent=1))

    def withdraw(self) -> None:
        """Remove instance.json, because the servers in it have stopped."""
        self.instance.unlink(missing_ok=True)


def as_given(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment as the person set it, without the variables from instance.json.

    instance.json may be left over from a killed run and name stopped servers. A value that a person sets
    counts, also if it equals the value in instance.json.
    """
    filled_in = {FILLED_IN, *environment.get(FILLED_IN, "").split()}
    return {name: value for name, value in environment.items() if name not in filled_in}
