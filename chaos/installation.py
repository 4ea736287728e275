"""A production installation on this machine: Debian's own servers, and the processes and files of deploy/.

PostgreSQL, PgBouncer in transaction mode, Redis and nginx with TLS are started as docs/operating.md says,
with other ports and a temporary folder. The unit files are read, because systemd does not run everywhere.
"""

from __future__ import annotations

import configparser
import os
import pwd
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from riskhub.engine import ports

ROOT = Path(__file__).parent.parent
DEPLOY, MANUAL = ROOT / "deploy", ROOT / "docs" / "operating.md"
HOST = "riskhub.example.org"
_UP = 60.0  # seconds for a program to answer


class Missing(Exception):
    """A server is not installed. The text names the packages."""


def programs() -> dict[str, str]:
    """Return the programs of the servers. Raises Missing."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: int(one.parent.name))
    path = os.pathsep.join([*map(str, folders[-1:]), "/usr/sbin", os.environ.get("PATH", "")])
    names = ("initdb", "postgres", "pgbouncer", "redis-server", "nginx")
    found = {name: shutil.which(name, path=path) for name in names}
    missing = [name for name, place in found.items() if place is None]
    if missing:
        raise Missing(
            f"{', '.join(missing)}: not installed."
            " Fix: apt-get install postgresql pgbouncer redis-server nginx"
        )
    return {name: place for name, place in found.items() if place}


class Installation:
    """All programs of one installation, below one folder. code: the folder of the release that it runs."""

    def __init__(self, folder: Path, code: Path = ROOT) -> None:
        self.folder = folder
        self.code = code  # of the programs that start from now on
        self.programs = programs()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.ports = {name: ports.free() for name in ("postgres", "pooler", "redis", "tls", "web1", "web2")}
        self.passwords = {
            name: secrets.token_hex(16) for name in ("riskhub_owner", "riskhub_app", "superuser")
        }
        self.secret_key = secrets.token_hex(32)
        self.certificate = folder / "fullchain.pem"
        folder.chmod(0o755)  # PostgreSQL and PgBouncer run as another user
        (folder / "home").mkdir(mode=0o700)

    # -------------------------------------------------------------- the environment

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of web, worker and beat: deploy/riskhub.env.example, filled in."""
        given = dict(
            line.split("=", 1)
            for line in (DEPLOY / "riskhub.env.example").read_text().splitlines()
            if line and not line.startswith("#")
        )
        given = {name: value.strip('"') for name, value in given.items()}
        given |= {
            "SECRET_KEY": self.secret_key,
            "DATABASE_URL": self._url("riskhub_app", "pooler"),
            "DATABASE_PREPARED": "0",
            "REDIS_URL": f"redis://127.0.0.1:{self.ports['redis']}/0",
            "RISKHUB_HOME": str(self.folder / "home"),
            "RISKHUB_STATIC_ROOT": str(self.folder / "static"),
        }
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), **given}

    @property
    def owner_environment(self) -> dict[str, str]:
        return self.environment | {"DATABASE_OWNER_URL": self._url("riskhub_owner", "postgres")}

    def _url(self, role: str, server: str) -> str:
        return f"postgresql://{role}:{self.passwords[role]}@127.0.0.1:{self.ports[server]}/riskhub"

    def connect(self) -> psycopg.Connection:
        """Return a connection of the owner, for counting."""
        return psycopg.connect(self._url("riskhub_owner", "postgres"), autocommit=True)

    # -------------------------------------------------------------- the servers

    def start_servers(self) -> None:
        """Start PostgreSQL, Redis and PgBouncer, and create the roles and the database as the manual says."""
        self._postgres()
        redis = ["--port", str(self.ports["redis"]), "--bind", "127.0.0.1", "--save", "", "--daemonize", "no"]
        self.start("redis", [self.programs["redis-server"], *redis], os.environ)
        self.wait_for("redis", self.ports["redis"])
        with psycopg.connect(self._superuser(), autocommit=True) as server:
            for statement in self._manual_sql(server.info.server_version):
                server.execute(statement)  # type: ignore[call-overload]  # the text of the manual
        self._pgbouncer()

    def _postgres(self) -> None:
        data, secret = self.folder / "data", self.folder / "superuser"
        secret.write_text(self.passwords["superuser"])
        data.mkdir()
        for place in (data, secret):
            self._give(place)
        options = ["--auth=scram-sha-256", f"--pwfile={secret}", "-U", "postgres", "-D", str(data)]
        subprocess.run(
            self._unprivileged([self.programs["initdb"], *options]), check=True, capture_output=True, cwd="/"
        )
        socket_folder = ["-c", "unix_socket_directories="]
        order = [
            self.programs["postgres"],
            "-D",
            str(data),
            "-p",
            str(self.ports["postgres"]),
            *socket_folder,
        ]
        self.start("postgres", self._unprivileged(order), os.environ)
        self.wait_for("postgres", self.ports["postgres"])
        ends = time.monotonic() + _UP
        while True:
            try:
                psycopg.connect(self._superuser(), connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > ends:
                    raise
                time.sleep(0.2)

    def _superuser(self) -> str:
        return (
            f"postgresql://postgres:{self.passwords['superuser']}@127.0.0.1:{self.ports['postgres']}/postgres"
        )

    def _manual_sql(self, version: int) -> list[str]:
        """Return the statements that the manual prints for the two roles, with the passwords filled in."""
        text = MANUAL.read_text()
        block = re.search(r"### Two roles.*?```sql\n(.*?)```", text, re.DOTALL)
        assert block is not None, "The manual prints no SQL for the two roles."
        statements = block[1]
        if version < 170000:
            statements = re.sub(
                r"LOCALE_PROVIDER .*? LOCALE 'C'", "LOCALE 'C.UTF-8'", statements, flags=re.DOTALL
            )
        for role in ("riskhub_owner", "riskhub_app"):
            statements = statements.replace(
                f"{role} LOGIN PASSWORD '…'", f"{role} LOGIN PASSWORD '{self.passwords[role]}'"
            )
        return [one.strip() for one in statements.split(";") if one.strip()]

    def _pgbouncer(self) -> None:
        users, file = self.folder / "userlist.txt", self.folder / "pgbouncer.ini"
        users.write_text(f'"riskhub_app" "{self.passwords["riskhub_app"]}"\n')
        text = (DEPLOY / "pgbouncer.ini").read_text()
        text = text.replace("port=5432", f"port={self.ports['postgres']}")
        text = text.replace("listen_port = 6432", f"listen_port = {self.ports['pooler']}")
        file.write_text(text.replace("/etc/pgbouncer/userlist.txt", str(users)))
        for place in (users, file):
            self._give(place)
        self.start("pgbouncer", self._unprivileged([self.programs["pgbouncer"], str(file)]), os.environ)
        self.wait_for("pgbouncer", self.ports["pooler"])

    def start_proxy(self) -> None:
        """Start nginx with deploy/nginx.conf and a certificate of its own."""
        key = self.folder / "privkey.pem"
        _write_certificate(self.certificate, key)
        site = (DEPLOY / "nginx.conf").read_text()
        site = site.replace("/etc/ssl/riskhub", str(self.folder))
        site = site.replace("127.0.0.1:8000", f"127.0.0.1:{self.ports['web1']}")
        site = site.replace("127.0.0.1:8001", f"127.0.0.1:{self.ports['web2']}")
        site = re.sub(
            r"listen (\[::\]:)?443 ssl", lambda m: f"listen {m[1] or ''}{self.ports['tls']} ssl", site
        )
        site = re.sub(r"listen (\[::\]:)?80;", f"listen 127.0.0.1:{ports.free()};", site, count=1)
        site = re.sub(r" *listen \[::\]:.*\n", "", site)
        whole = self.folder / "nginx.conf"
        folders = "".join(
            f"  {name}_temp_path {self.folder / 'nginx'};\n"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        whole.write_text(
            f"daemon off;\npid {self.folder / 'nginx.pid'};\nerror_log {self.folder / 'nginx.log'};\n"
            f"events {{}}\nhttp {{\n  access_log off;\n{folders}{site}}}\n"
        )
        self.start("nginx", [self.programs["nginx"], "-c", str(whole)], os.environ)
        self.wait_for("nginx", self.ports["tls"])

    # -------------------------------------------------------------- the units

    def start_unit(self, unit: str, instance: str = "") -> None:
        """Start what a unit of deploy/systemd starts. instance: what replaces %i."""
        name = f"{unit}{instance}"
        self.start(name, self.order_of(unit, instance), self.environment)
        if unit == "riskhub-web@":
            self.wait_for(name, int(instance))

    def order_of(self, unit: str, instance: str = "") -> list[str]:
        """Return the command of a unit, for this folder."""
        parser = configparser.RawConfigParser(strict=False)
        parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their case
        parser.read(DEPLOY / "systemd" / f"{unit}.service")
        text = parser["Service"]["ExecStart"].replace("%%", "%").replace("%i", instance)
        text = text.replace("%h", socket.gethostname())
        text = text.replace("/opt/riskhub/.venv/bin/python", sys.executable)
        return shlex.split(text.replace("/var/lib/riskhub", str(self.folder / "home")))

    def start(self, name: str, order: list[str], environment: Mapping[str, str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                order, cwd=self.code if "riskhub" in name else "/", env=dict(environment),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def stop(self, name: str, number: int = signal.SIGTERM) -> None:
        """Stop one program with its children, as systemd does."""
        program = self.running.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(program.pid, number)
        with suppress(subprocess.TimeoutExpired):
            program.wait(45)
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()

    def stop_all(self) -> None:
        for name in reversed(list(self.running)):
            self.stop(name, signal.SIGINT if name == "postgres" else signal.SIGTERM)

    def manage(self, *arguments: str, is_owner: bool = False) -> str:
        """Run a management command. Return its output. Raises RuntimeError with its errors."""
        environment = self.owner_environment if is_owner else self.environment
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.code, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"manage.py {arguments[0]}: {done.stderr.strip()[-800:]}")
        return done.stdout

    def wait_for(self, name: str, port: int) -> None:
        """Wait until the program accepts connections. Raises RuntimeError with the end of its log."""
        ends = time.monotonic() + _UP
        while time.monotonic() < ends and self.running[name].poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            time.sleep(0.1)
        log = (self.folder / f"{name}.log").read_text(errors="replace")
        raise RuntimeError(f"{name} did not start: {log[-1500:]}")

    # -------------------------------------------------------------- another user

    def _unprivileged(self, order: list[str]) -> list[str]:
        """Return the command that runs `order` as the user of PostgreSQL, if this process is root."""
        return ["runuser", "-u", "postgres", "--", *order] if os.geteuid() == 0 else order

    def _give(self, place: Path) -> None:
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(place, user.pw_uid, user.pw_gid)


def _write_certificate(certificate: Path, key: Path) -> None:
    """Write a certificate for HOST that is its own authority, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.touch(mode=0o600)
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
