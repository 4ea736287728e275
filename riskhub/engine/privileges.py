"""How root, or a user without a name, can run PostgreSQL, which refuses both. launch.py has the two ways."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from riskhub.engine import processes
from riskhub.engine.errors import Trouble

WAYS = ("capability", "namespace")


@dataclass(frozen=True)
class Lowered:
    """A way to drop root: the user and the group that PostgreSQL runs as.

    `owner`: the owner of its files, seen from outside.
    """

    way: str
    uid: int
    gid: int

    @property
    def owner(self) -> tuple[int, int]:
        """Return the user id and the group id that must own the data, seen from outside."""
        return (os.geteuid(), os.getegid()) if self.way == "namespace" else (self.uid, self.gid)

    def order(self) -> dict[str, str | int]:
        """Return the values that launch.py needs."""
        return asdict(self)


def find(program: Path, folder: Path) -> Lowered | None:
    """Return the first way that works here for `program` on data below `folder`; None for a normal user.

    RISKHUB_LOWERED_BY=capability|namespace allows only that way. Raises Trouble if no way works.
    """
    if os.geteuid() != 0:
        return _named(program, folder)
    uid, gid = _somebody(folder)
    wanted = os.environ.get("RISKHUB_LOWERED_BY")
    for way in WAYS:
        lowered = Lowered(way, uid, gid)
        if wanted in (None, "", way) and _works(lowered, program, folder):
            return lowered
    raise Trouble(
        "PostgreSQL does not run as root, and here root may neither keep CAP_DAC_OVERRIDE nor create a user"
        " namespace. Fix: run it as a normal user, or set DATABASE_URL and REDIS_URL to your own servers."
    )


def give(folder: Path, lowered: Lowered | None) -> None:
    """Set the owner of the files below `folder`. It is fast if they have that owner already."""
    if lowered is None:
        return
    uid, gid = lowered.owner
    present = folder.stat()
    if (present.st_uid, present.st_gid) == (uid, gid):
        return
    # The folder itself is last: while it has its old owner, an interrupted run is repeated.
    for place, _folders, names in os.walk(folder, topdown=False):
        for name in names:
            os.chown(Path(place) / name, uid, gid, follow_symlinks=False)
        os.chown(place, uid, gid)


def _somebody(folder: Path) -> tuple[int, int]:
    """Return a user other than root from /etc/passwd, where initdb looks its user up.

    It is the current owner of the data, if there is one.
    """
    data = folder / "data"
    owner = data.stat().st_uid if data.exists() else 0
    known = [entry for entry in pwd.getpwall() if entry.pw_uid]
    preferred = [entry for entry in known if entry.pw_uid == owner]
    preferred += [entry for entry in known if entry.pw_name == "nobody"]
    for entry in preferred + known:
        return entry.pw_uid, entry.pw_gid
    raise Trouble(
        "PostgreSQL does not run as root, and this machine has no other user."
        " Fix: add one to /etc/passwd, or set DATABASE_URL and REDIS_URL."
    )


def _named(program: Path, folder: Path) -> Lowered | None:
    """Return None for a normal user; a user with a name for one without an entry in /etc/passwd.

    Some containers run as a user without an entry.
    """
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        lowered = Lowered("namespace", *_somebody(folder))
        if _works(lowered, program, folder):
            return lowered
        raise Trouble(
            f"PostgreSQL needs a user name, and /etc/passwd has none for {os.geteuid()}."
            " Fix: add an entry, or set DATABASE_URL and REDIS_URL to your own servers."
        ) from None
    return None


def _works(lowered: Lowered, program: Path, folder: Path) -> bool:
    order = {**lowered.order(), "probe": str(folder)}
    command = processes.launched(order, [str(program)])
    return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0
