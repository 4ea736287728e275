"""Row 25: backups while workers work, damaged backups, and the mails of a restored register."""

import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management import call_command

from chaos import cast
from chaos.claims import Claim
from chaos.ground import Ground
from chaos.pool import worker_pool
from chaos.sink import Sink
from history.models import Due
from kit import clock
from kit.actor import SYSTEM
from notices.models import Message
from notices.operations import sending
from riskhub import releases
from riskhub.backup import checking, configured, manifest, restoring, writing
from riskhub.engine.errors import Trouble

BACKUPS, FLIPS, CUTS = 5, 100, 20
CLIMBS, MESSAGES, WORKERS, LEASE = 600, 1500, 4, 2
QUIET_SECONDS, LOUD_SECONDS = 15.0, 60.0


def run(made: Ground, *, seed: int, is_short: bool, say: Callable[[str], None]) -> list[Claim]:
    """Run row 25. is_short: a fifth of the work, and no claim counts as met."""
    share = 0.2 if is_short else 1.0
    made.fresh("chaos_25")
    at = clock.now() - timedelta(minutes=1)
    cast.climbing(climbs=int(CLIMBS * share), messages=int(MESSAGES * share), at=at)
    folder = made.folder / "backups"
    with _workers(made, at, seed) as sink:
        _await_mail(sink)
        differing, moved = _back_up_under_load(folder, max(2, int(BACKUPS * share)), say)
    say(f"  {len(sink.accepted)} mails were sent meanwhile")
    newest = max(folder.iterdir())
    accepted = _damaged_and_accepted(newest, made.folder / "damaged", random.Random(seed), share)
    sent, late, started = _restored(made, newest, at, seed, say)
    about: dict[str, Any] = {"seed": seed}
    still = [] if moved else ["no row changed between two backups"]
    found = [
        Claim(25, "backups under load that differ from their restore", len(differing), "0",
              not differing and moved, why=differing + still, **about),
        Claim(25, "damaged or truncated backups that were accepted", len(accepted), "0",
              not accepted, why=accepted, **about),
        Claim(25, "mails of a restored register, due dates that acted", sent + late, "0",
              sent + late == 0, **about),
        Claim(25, "mails after a person started sending", started, ">= 1", started > 0, **about),
    ]  # fmt: skip
    for claim in found if is_short else []:
        claim.what, claim.met = f"{claim.what} [SHORT]", False
        claim.why.append("short: the full length is needed")
    return found


@contextmanager
def _workers(made: Ground, at: datetime, seed: int) -> Iterator[Sink]:
    """Run workers on the present database during the block. Yields the mail server."""
    order = {
        "workers": WORKERS,
        "seed": seed,
        "only_mail": False,
        "began": time.monotonic(),
        "from": (at + timedelta(minutes=2)).isoformat(),
        "speed": 10.0,
        "ring_again": 0.0,
    }
    sink = Sink(seed=seed)
    sink.start()
    try:
        with worker_pool(order, mail_port=sink.port, lease=LEASE, log=made.folder / "row25.log"):
            yield sink
    finally:
        sink.stop()


def _back_up_under_load(folder: Path, count: int, say: Callable[[str], None]) -> tuple[list[str], bool]:
    """Write backups while workers work. Return what is wrong with them, and whether rows changed."""
    url, known = configured.owner_url(), releases.known_migrations()
    wrong, seen = [], []
    for _ in range(count):
        began = time.monotonic()
        written = writing.write(
            folder, url=url, storage=configured.folder_of_files(), command="chaos", say=lambda line: None
        )
        took = time.monotonic() - began
        try:
            checking.verify(written, known=known, url=url, say=lambda line: None)
        except Trouble as trouble:
            wrong.append(str(trouble))
        found = manifest.read(written)
        say(f"  {found.rows:,} rows in {took:.1f} s, verified in {time.monotonic() - began - took:.1f} s")
        seen.append(found.tables["history_event"])
    return wrong, len(set(seen)) > 1


def _damaged_and_accepted(backup: Path, copy: Path, chance: random.Random, share: float) -> list[str]:
    """Flip bytes and cut files of a copy, one at a time. Return the damages that were not noticed."""
    shutil.copytree(backup, copy)
    known = releases.known_migrations()
    accepted = []
    parts = sorted(backup.iterdir())
    for number in range(int((FLIPS + CUTS) * share)):
        part = copy / chance.choice(parts).name
        whole = part.read_bytes()
        place = chance.randrange(len(whole))
        flipped = whole[:place] + bytes([whole[place] ^ (1 << chance.randrange(8))]) + whole[place + 1 :]
        part.write_bytes(flipped if number < FLIPS * share else whole[:place])
        try:
            checking.check_parts(copy, known)
            accepted.append(f"{part.name} changed at {place}")
        except Trouble:
            pass
        part.write_bytes(whole)
    checking.check_parts(copy, known)
    return accepted


def _restored(
    made: Ground, backup: Path, at: datetime, seed: int, say: Callable[[str], None]
) -> tuple[int, int, int]:
    """Restore, let workers work, then start sending.

    Returns the mails before the start, the due dates that acted before it, and the mails after it.
    """
    made.empty("chaos_25_restored")

    def finish(found: manifest.Manifest) -> None:
        call_command("migrate", database="owner", verbosity=0)
        sending.hold(backup_at=found.at, by=SYSTEM, at=clock.now())

    url, known = configured.owner_url(), releases.known_migrations()
    restoring.restore(
        backup, url=url, storage=made.folder / "files", known=known, finish=finish, say=lambda line: None
    )
    waiting = Due.objects.filter(state="pending")
    before = set(waiting.values_list("pk", flat=True))
    with _workers(made, at, seed) as sink:
        time.sleep(QUIET_SECONDS)
        sent, late = len(sink.accepted), len(before - set(waiting.values_list("pk", flat=True)))
        say(f"  restored: {Message.objects.filter(state='pending').count()} mails wait, {sent} sent")
        sending.start(drops_older=False, by=SYSTEM, at=clock.now())
        _await_mail(sink)
        return sent, late, len(sink.accepted) - sent


def _await_mail(sink: Sink) -> None:
    """Wait until the mail server has accepted a mail, at most LOUD_SECONDS."""
    ends = time.monotonic() + LOUD_SECONDS
    while not sink.accepted and time.monotonic() < ends:
        time.sleep(0.2)
