"""`manage.py up`: starts Riskhub on this machine, restarts what ends, and stops everything in order."""

from __future__ import annotations

import os
import shlex
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from riskhub.engine import ground, ports, processes, secret_key, steps
from riskhub.engine.children import Keeper, LogWatch, Program
from riskhub.engine.errors import Trouble
from riskhub.engine.home import ROOT, Home, as_given
from riskhub.engine.signals import Asked, StopSignals

READY_SECONDS = 60
GENTLE_SECONDS = 30  # a task runs up to 25 s


@dataclass(frozen=True)
class ServerAddress:
    """The address of the web server: the one it binds, and the one to request and to show."""

    bind: str
    port: int
    shown: str

    @property
    def asked(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.bind, self.bind)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def main(environment: Mapping[str, str] | None = None) -> int:
    """Run until asked to stop. Returns 0 after an orderly stop, 1 after printing one line with the fix."""
    given = dict(os.environ if environment is None else environment)
    path = Path(given.get("RISKHUB_HOME") or ROOT / "var").expanduser().resolve()
    os.umask(0o077)  # no other user may read the files of the programs
    stop = StopSignals()
    supervisor = None
    wrong = ""
    try:
        supervisor = Supervisor(as_given(given), Home(path), stop)
        supervisor.run()
    except Asked:
        pass
    except Trouble as trouble:
        wrong = str(trouble)
    except OSError as error:
        wrong = f"{error}. Fix: check the free space and the permissions of {path}"
    finally:
        if supervisor is not None:
            supervisor.end()
    if wrong:
        # Printed after the orderly stop, so that it is the last line on the terminal.
        print(f"riskhub: {wrong}", file=sys.stderr, flush=True)
    return 1 if wrong else 0


class Supervisor:
    """One run of `up`. run() ends only by an exception. Call end() in a `finally` after it."""

    def __init__(self, given: dict[str, str], home: Home, stop: StopSignals) -> None:
        self.given, self.home, self.stop = given, home, stop
        self.began = time.monotonic()
        self.place = _place(given)
        self.ground: ground.Servers | None = None
        self.programs: list[Program] = []
        self.environment: dict[str, str] = {}
        self.is_holding = False

    # ------------------------------------------------------------ up

    def run(self) -> None:
        self.home.take()
        self.is_holding = True
        self._sweep()
        _check_port(self.place)
        self._key()
        self._say(f"Riskhub, with its data in {self.home.path}")
        self.ground = ground.choose(self.given, self.home, self.stop.pause)
        self.ground.start()
        self._say("  servers    " + ("embedded PostgreSQL and Valkey" if self.ground.is_own else "external"))
        self.environment = self._environment()
        self._publish()
        self._prepare()
        keepers = self._start_programs()
        self._wait_ready(keepers)
        self._announce()
        self._keep(keepers)

    def _sweep(self) -> None:
        left = [pid for pid, _name in processes.marked(self.home.path)]
        if left:
            self._say("  stopping processes that an earlier run left behind")
            processes.end(left, gently=5, pause=self.stop.pause)

    def _environment(self) -> dict[str, str]:
        assert self.ground is not None
        own = {
            "DJANGO_SETTINGS_MODULE": "riskhub.settings",
            "PYTHONUNBUFFERED": "1",
            "RISKHUB_HOME": str(self.home.path),
            "PORT": str(self.place.port),
        }
        return self.given | own | {"SECRET_KEY": self._key()} | self.ground.environment()

    def _key(self) -> str:
        """Return SECRET_KEY, or else the key in RISKHUB_HOME. Raises Trouble for an invalid key."""
        key = self.given.get("SECRET_KEY") or self.home.secret_key()
        if fault := secret_key.fault(key):
            raise Trouble(fault)
        return key

    def _publish(self) -> None:
        assert self.ground is not None
        if self.ground.is_own:
            names = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "PORT")
            self.home.publish(
                {name: self.environment[name] for name in names} | {"RISKHUB_ADDRESS": self.place.shown}
            )

    def _prepare(self) -> None:
        steps.migrate(self.environment, self.home.logs / "migrate.log", self.stop.pause)
        self._say("  database   migrated")
        if not steps.is_empty(self.environment["DATABASE_OWNER_URL"]):
            return
        if self.given.get("RISKHUB_SAMPLE", "1").strip().lower() in ("0", "false", "no", "off"):
            steps.command("setup_link", self.environment, self.stop.pause)
        else:
            steps.command("sample_organisation", self.environment, self.stop.pause)

    def _start_programs(self) -> list[Keeper]:
        self.programs = [
            Program(name, command, self.environment, self._log(name), self.home.path, self.stop.pause)
            for name, command in _commands(self.place, self.home.path).items()
        ]
        for program in self.programs:
            program.start()
        assert self.ground is not None
        kept = [*self.ground.engines(), *self.programs]
        return [Keeper(what, self._warn, self._log(what.name.lower())) for what in kept]

    def _wait_ready(self, keepers: list[Keeper]) -> None:
        until = time.monotonic() + READY_SECONDS
        web = next(keeper for keeper in keepers if keeper.what.name == "web")
        while True:
            said = _readiness(self.place.asked)
            if said is None:
                return
            if time.monotonic() > until or web.deaths > 2:
                raise Trouble(f"The web server is not ready ({said}). Fix: see {self._log('web')}")
            for keeper in keepers:
                keeper.tend(time.monotonic())
            self.stop.pause(0.05)

    def _announce(self) -> None:
        given, home = self.given, self.home.path
        self._say(f"  up in {time.monotonic() - self.began:.1f} s")
        self._say(f"\n  Open       {self.place.shown}")
        if (home / "sample-logins.txt").exists():
            self._say(f"  Log-ins    {home / 'sample-logins.txt'}")
        mail = "your mail server (EMAIL_URL)"
        if not given.get("EMAIL_URL"):
            mail = f"shown on {self.place.shown}/notices/mail/ until EMAIL_URL names a mail server"
        self._say(f"  Mail       {mail}")
        self._say(f"  Logs       {self.home.logs}")
        if self.place.bind not in ("127.0.0.1", "::1"):
            self._say(f"  Riskhub listens on {self.place.bind}, so others on the network can reach it.")
        self._say("  Stop       Ctrl-C\n")

    # ------------------------------------------------------------ keeping

    def _keep(self, keepers: list[Keeper]) -> None:
        assert self.ground is not None
        watch = LogWatch({keeper.log.stem: keeper.log for keeper in keepers}, self._warn)
        while True:
            now = time.monotonic()
            for keeper in keepers:
                if keeper.tend(now):
                    self._warn(f"{keeper.what.name} restarted.")
                    self._follow()
            watch.look(now)
            self.stop.pause(0.2)

    def _follow(self) -> None:
        """Publish the new URL of a server that was restarted on another port, and restart the programs."""
        fresh = self._environment()
        if fresh == self.environment:
            return
        self.environment = fresh
        self._publish()
        for program in self.programs:
            program.environment = fresh
            program.end_left_over()
            program.start()

    # ------------------------------------------------------------ down

    def end(self) -> None:
        """Stop the programs, then Valkey, then PostgreSQL. Does nothing if nothing was started."""
        self.stop.is_ending = True
        if not self.is_holding:
            return
        left = [pid for pid, _name in processes.marked(self.home.path)]
        if left:
            self._say("\nStopping (press Ctrl-C again to stop immediately) ...")
        self._end_programs(left)
        if self.ground is not None:
            self.ground.stop()
        self.home.withdraw()
        if self.programs:
            self._say("Stopped. Your data is safe. `make run` starts Riskhub again.")

    def _end_programs(self, left: list[int]) -> None:
        leaders = [program.pid for program in self.programs if program.pid is not None]
        # Only the leaders get the signal, because each stops its own children after they finish their work.
        processes.signal_all(leaders, 15)
        until = time.monotonic() + GENTLE_SECONDS
        while time.monotonic() < until and not self.stop.is_hurried:
            if processes.wait_gone(leaders, 0.1):
                break
        processes.end(left + [pid for pid, _name in processes.marked(self.home.path)], gently=2)

    # ------------------------------------------------------------ texts

    def _log(self, name: str) -> Path:
        return self.home.logs / f"{name}.log"

    def _say(self, line: str) -> None:
        print(line, flush=True)

    def _warn(self, line: str) -> None:
        print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


def _place(given: Mapping[str, str]) -> ServerAddress:
    text = given.get("PORT") or "8000"
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise Trouble(f"PORT={text} is not a port. Fix: use a number from 1 to 65535, such as PORT=8001")
    bind = given.get("RISKHUB_BIND") or "127.0.0.1"
    bind = "127.0.0.1" if bind == "localhost" else bind
    shown = given.get("RISKHUB_URL", "").rstrip("/") or f"http://localhost:{text}"
    return ServerAddress(bind, int(text), shown)


def _check_port(place: ServerAddress) -> None:
    try:
        is_free = ports.is_free(place.port, place.bind)
    except OSError as error:
        raise Trouble(
            f"Riskhub cannot listen on {place.bind}:{place.port} ({error.strerror})."
            " Fix: set RISKHUB_BIND to an address of this machine, and PORT to a number above 1023."
        ) from None
    if not is_free:
        raise Trouble(
            f"Port {place.port} on {place.bind} is in use by another program."
            f" Fix: stop that program, or choose another port: make run PORT={place.port + 1}"
        )


def _commands(place: ServerAddress, home: Path) -> dict[str, list[str]]:
    python = [sys.executable, "-m"]
    web = f"granian --interface wsgi --host {place.bind} --port {place.port} --workers 2 --blocking-threads 4"
    web += (
        " --no-ws --log-level warning --respawn-failed-workers --respawn-interval 1 --workers-kill-timeout 10"
    )
    worker = "celery -A riskhub worker --pool prefork --concurrency 2 --loglevel WARNING --without-gossip"
    worker += " --without-mingle --max-tasks-per-child 500 --max-memory-per-child 300000"
    return {
        "web": [*python, *shlex.split(web), "riskhub.wsgi:application"],
        "worker": [*python, *shlex.split(worker)],
        "beat": [*python, *shlex.split("celery -A riskhub beat --loglevel WARNING --pidfile= --schedule"),
                 str(home / "celerybeat-schedule")],
    }  # fmt: skip


def _readiness(address: str) -> str | None:
    """Return None if /readyz answers that the server is ready, else its answer in short."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            f"{address}/readyz", timeout=5
        ):
            return None
    except urllib.error.HTTPError as error:
        return f"/readyz answers {error.code}: {error.read(200).decode(errors='replace').strip()}"
    except OSError as error:
        return f"no answer: {getattr(error, 'reason', error)}"
