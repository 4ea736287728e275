"""How PostgreSQL, which refuses root and users without a name, is run by them. launch.py has the two ways."""

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
    """A way down from root: the user and group PostgreSQL runs as.

    `owner` is whom its files belong to outside.
    """

    way: str
    uid: int
    gid: int

    @property
    def owner(self) -> tuple[int, int]:
        """User and group id that the data must belong to, seen from outside."""
        return (os.geteuid(), os.getegid()) if self.way == "namespace" else (self.uid, self.gid)

    def order(self) -> dict[str, str | int]:
        """What launch.py needs to know."""
        return asdict(self)


def find(program: Path, folder: Path) -> Lowered | None:
    """The first way that works here for `program` on data below `folder`; None for a plain user.

    RISKHUB_LOWERED_BY=capability|namespace allows that way only. Raises Trouble when none works.
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
        "PostgreSQL does not run as root, and here root may neither keep CAP_DAC_OVERRIDE nor make a user"
        " namespace. Fix: run it as a plain user, or set DATABASE_URL and REDIS_URL to servers of your own."
    )


def give(folder: Path, lowered: Lowered | None) -> None:
    """Make the files below `folder` belong to whom the way needs; quick when they do already."""
    if lowered is None:
        return
    uid, gid = lowered.owner
    present = folder.stat()
    if (present.st_uid, present.st_gid) == (uid, gid):
        return
    # The folder itself last: as long as it has its old owner, an interrupted run is begun again.
    for place, _folders, names in os.walk(folder, topdown=False):
        for name in names:
            os.chown(Path(place) / name, uid, gid, follow_symlinks=False)
        os.chown(place, uid, gid)


def _somebody(folder: Path) -> tuple[int, int]:
    """A user other than root that /etc/passwd names: initdb looks its user up.

    The present owner of the data if there is one.
    """
    data = folder / "data"
    owner = data.stat().st_uid if data.exists() else 0
    known = [entry for entry in pwd.getpwall() if entry.pw_uid]
    preferred = [entry for entry in known if entry.pw_uid == owner]
    preferred += [entry for entry in known if entry.pw_name == "nobody"]
    for entry in preferred + known:
        return entry.pw_uid, entry.pw_gid
    raise Trouble(
        "PostgreSQL does not run as root, and this machine knows no other user."
        " Fix: add one to /etc/passwd, or set DATABASE_URL and REDIS_URL."
    )


def _named(program: Path, folder: Path) -> Lowered | None:
    """None for a plain user; for one without an entry in /etc/passwd, as some containers choose, a name."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        lowered = Lowered("namespace", *_somebody(folder))
        if _works(lowered, program, folder):
            return lowered
        raise Trouble(
            f"PostgreSQL wants a name for its user, and /etc/passwd has none for {os.geteuid()}."
            " Fix: add an entry, or set DATABASE_URL and REDIS_URL to servers of your own."
        ) from None
    return None


def _works(lowered: Lowered, program: Path, folder: Path) -> bool:
    order = {**lowered.order(), "probe": str(folder)}
    command = processes.launched(order, [str(program)])
    return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0
