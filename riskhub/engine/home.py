"""RISKHUB_HOME: one folder, open to its owner only, that holds all an installation keeps."""

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

# Names, separated by spaces, of variables that riskhub.settings filled in from instance.json in this process.
FILLED_IN = "RISKHUB_FILLED_IN"
ROOT = Path(__file__).resolve().parent.parent.parent


def private_folder(path: Path) -> Path:
    """Make the folder, and its missing parents, all 0700.

    An existing `path` is closed to others, existing parents are left alone.
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
    """Replace the file in one step, 0600: a reader finds the old text or the new, never half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The object in the file; {} when there is no such file. Raises Trouble when it cannot be read."""
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise Trouble(
            f"{path} cannot be read ({error}). Fix: give it back its owner, or restore it from a backup."
        ) from error
    return found if isinstance(found, dict) else {}


class Home:
    """RISKHUB_HOME opened by one supervisor. `taken()` first; the lock goes when the process goes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def instance(self) -> Path:
        """What riskhub.settings reads so that a command in another terminal finds the running servers."""
        return self.path / "instance.json"

    def take(self) -> None:
        """Make the folder and hold it.

        Raises Trouble when it cannot be written, or when another supervisor holds it.
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
                f"{self.path} cannot be used ({error.strerror}). Fix: make it yours and writable,"
                " or choose another folder: RISKHUB_HOME=/some/folder make run"
            ) from None
        os.truncate(self._lock, 0)
        os.write(self._lock, str(os.getpid()).encode())

    def _refuse_foreign(self) -> None:
        # RISKHUB_HOME=/tmp by mistake: closing that folder to all others would break the machine.
        if self.path.is_dir() and any(self.path.iterdir()) and not (self.path / "lock").exists():
            raise Trouble(
                f"{self.path} holds other things, and Riskhub wants a folder for itself."
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
        """The signing key of this installation, made once."""
        path = self.path / "secret-key"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(48))
        return path.read_text().strip()

    def publish(self, values: Mapping[str, str]) -> None:
        """Write instance.json."""
        write_private(self.instance, json.dumps(dict(values), indent=1))

    def withdraw(self) -> None:
        """Remove instance.json: what it names runs no more."""
        self.instance.unlink(missing_ok=True)


def as_given(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment as the person gave it: without what settings filled in from instance.json.

    instance.json may be left over from a killed run and name dead servers. What a person says counts, also
    when it equals what that run published.
    """
    filled_in = {FILLED_IN, *environment.get(FILLED_IN, "").split()}
    return {name: value for name, value in environment.items() if name not in filled_in}
