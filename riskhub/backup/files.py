"""The attached files as one part of a backup: an uncompressed tar, because their contents are compressed."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from riskhub.engine.errors import Trouble
from riskhub.engine.home import private_folder


class _Hashed:
    """A file that is read while its sha256 is computed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self.digest.update(chunk)
        return chunk


def pack(path: Path, folder: Path, rows: Iterable[tuple[str, int, str]]) -> tuple[int, int]:
    """Write the files of a storage folder into a tar. rows: name in the storage, size and sha256.

    Returns how many files it has, and how many are missing in the storage or differ from their row.
    """
    count = missing = 0
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, size, sha256 in rows:
            is_good = _pack_one(tar, folder / name, name, size, sha256)
            count, missing = count + is_good, missing + (not is_good)
            tar.members = []  # type: ignore[attr-defined]  # else it remembers every file
    return count, missing


def _pack_one(tar: tarfile.TarFile, path: Path, name: str, size: int, sha256: str) -> bool:
    """Add one file. Returns False if it is missing or differs; a file of the wrong size is left out."""
    try:
        with path.open("rb") as file:
            info = tarfile.TarInfo(name)
            info.size, info.mode = path.stat().st_size, 0o600
            if info.size != size:
                return False
            hashed = _Hashed(file)
            tar.addfile(info, hashed)  # type: ignore[arg-type]  # it only reads
            return hashed.digest.hexdigest() == sha256
    except FileNotFoundError:
        return False


def refuse_present(folder: Path) -> None:
    """Raise Trouble if the storage folder has files of another register."""
    if folder.is_dir() and any(folder.iterdir()):
        raise Trouble(
            f"{folder} has attached files of another register. Fix: restore with another RISKHUB_HOME, or"
            " move these files away."
        )


def unpack(path: Path, folder: Path) -> Path:
    """Unpack the files beside the storage folder and return where. put_in_place() moves them."""
    beside = folder.with_name(f"{folder.name}.restoring")
    shutil.rmtree(beside, ignore_errors=True)
    private_folder(beside)
    with tarfile.open(path, "r|") as tar:
        for member in tar:
            tar.extract(member, beside, filter="data")
            tar.members = []  # type: ignore[attr-defined]  # as above
    for place in beside.rglob("*"):
        place.chmod(0o700 if place.is_dir() else 0o600)
    return beside


def put_in_place(beside: Path, folder: Path) -> None:
    if folder.is_dir():
        folder.rmdir()  # refuse_present() found it empty
    beside.rename(folder)
