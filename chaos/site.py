"""A Riskhub under the real supervisor, with web, worker and beat, its visitors and a mail sink."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from chaos.ground import Ground
from chaos.sink import Sink
from chaos.visitor import Visitor, Written
from history import operations as history
from history.models import Due, Handover
from history.states import Work
from kit import clock
from kit.actor import SYSTEM
from notices.models import Message
from people.models import Organisation, User
from people.operations import person
from people.states import Role
from riskhub.engine import ports, processes
from riskhub.engine.valkey import Server

PASSWORD = "a-passphrase-for-chaos-only"  # noqa: S105
VISITORS = 4


@dataclass
class Site:
    """A running Riskhub with its visitors and its mail sink."""

    address: str
    valkey: Server
    sink: Sink
    user: User
    visitors: list[Visitor]
    log: Path
    written: list[Written] = field(default_factory=list)
    reminded: int = 0


@contextmanager
def run_site(made: Ground, database: str) -> Iterator[Site]:
    """Run Riskhub on a database of `made`, and sign the visitors in."""
    assert made.urls is not None
    valkey = Server(made.folder / "valkey-site")
    sink = Sink()
    sink.start()
    home, log, port = made.folder / "home-site", made.folder / "supervisor.log", ports.free()
    try:
        user = _register()
        servers = {
            "DATABASE_URL": made.urls.application.rsplit("/", 1)[0] + f"/{database}",
            "DATABASE_OWNER_URL": made.urls.owner.rsplit("/", 1)[0] + f"/{database}",
            "REDIS_URL": valkey.start(),
            "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
        }
        environment = {**os.environ, **servers, **_of_home(home, port)}
        with log.open("w") as output:
            supervisor = subprocess.Popen(
                [sys.executable, "-m", "riskhub.engine"],
                env=environment, cwd=Path(__file__).parent.parent, stdout=output, stderr=output,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        try:
            address = f"http://localhost:{port}"
            _wait_up(supervisor, log)
            visitors = [Visitor(address) for _ in range(VISITORS)]
            for visitor in visitors:
                visitor.sign_in(user.email, PASSWORD)
            yield Site(address, valkey, sink, user, visitors, log)
        finally:
            _end(supervisor, home)
    finally:
        if valkey.pid:
            os.kill(valkey.pid, signal.SIGCONT)
        valkey.stop()
        sink.stop()


def _register() -> User:
    at = datetime.now(UTC)
    organisation = Organisation(pk=1, name="Chaos", time_zone="UTC")
    history.record(organisation, "people.organisation_set_up", by=SYSTEM, at=at)
    user = User(
        email="writer@example.org", name="Writer", handle="writer", role=Role.MEMBER, is_digest_wanted=False
    )
    user.set_unusable_password()
    history.record(user, "people.person_added", by=SYSTEM, at=at)
    person.set_password(user, PASSWORD, by=SYSTEM, at=at)
    return user


def _of_home(home: Path, port: int) -> dict[str, str]:
    return {
        "RISKHUB_HOME": str(home),
        "RISKHUB_SAMPLE": "0",
        "RISKHUB_URL": f"http://localhost:{port}",
        "PORT": str(port),
    }


def _wait_up(supervisor: subprocess.Popen, log: Path) -> None:
    ends = time.monotonic() + 120
    while "Ctrl-C" not in log.read_text():
        if supervisor.poll() is not None or time.monotonic() > ends:
            raise RuntimeError(f"Riskhub did not come up: {log.read_text()[-1500:]}")
        time.sleep(0.2)


def _end(supervisor: subprocess.Popen, home: Path) -> None:
    supervisor.terminate()
    try:
        supervisor.wait(60)
    except subprocess.TimeoutExpired:
        supervisor.kill()
        supervisor.wait()
    processes.end([pid for pid, _ in processes.marked(home)], gently=5)


def settle(seconds: float = 90) -> None:
    """Wait until no handover and no message is left."""
    deadline = time.monotonic() + seconds
    while waiting_rows() and time.monotonic() < deadline:
        time.sleep(0.1)


def waiting_rows() -> int:
    """Return how many handovers, messages and due dates still wait."""
    waiting = [Work.PENDING, Work.CLAIMED]
    return (
        Handover.objects.filter(state__in=waiting).count()
        + Message.objects.filter(state__in=waiting).count()
        + Due.objects.filter(state__in=waiting, at__lte=clock.now()).count()
    )
