"""Production: the manual and the files of deploy/, followed on Debian's servers, under traffic.

Two web and three worker processes share one database through PgBouncer in transaction mode. nginx with TLS is
in front. While clients write, each process is restarted, and no request may fail or be lost.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3

from chaos.claims import Claim
from chaos.installation import HOST, ROOT, Installation

GOAL = 0  # it is no row of the standard
ADDRESS, PASSWORD = "head@example.org", "a-passphrase-for-production"
WORKERS, CLIENTS = 3, 4
SECONDS_AFTER_RESTART, SECONDS_MEASURED, SETTLED = 4.0, 6.0, 60.0


@dataclass
class Traffic:
    """What the clients sent. accepted: titles. failed: other answers. slowest: an answer, in seconds."""

    accepted: list[str] = field(default_factory=list)
    slowest: float = 0.0
    failed: list[str] = field(default_factory=list)


class Client:
    """A client of the proxy, which checks its certificate."""

    def __init__(self, installation: Installation, token: str = "") -> None:
        self.pool = urllib3.HTTPSConnectionPool(
            "127.0.0.1",
            installation.ports["tls"],
            ca_certs=str(installation.certificate),
            assert_hostname=HOST,
            server_hostname=HOST,
            maxsize=CLIENTS,
            retries=False,
            timeout=30,
        )
        self.headers = {"Host": HOST} | ({"Authorization": f"Bearer {token}"} if token else {})

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> urllib3.BaseHTTPResponse:
        sent = None if body is None else json.dumps(body).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        return self.pool.request(
            method, path, body=sent, headers=self.headers | kind | headers, redirect=False
        )


def run(*, seed: int, say: Callable[[str], None]) -> list[Claim]:
    """Install, work, restart each process under traffic, and count."""
    with installed(say) as installation:
        found = [_first_start(installation, seed)]
        token = installation.manage("issue_token", ADDRESS, "--scope", "write").strip()
        client = Client(installation, token)
        traffic = _work(installation, client, say)
        found += ledger(installation, traffic, seed)
        found += _throughput(installation, client, say, seed)
    return found


@contextmanager
def installed(say: Callable[[str], None], code: Path = ROOT) -> Iterator[Installation]:
    """Start an installation of the release in `code` as the manual says, up to its first start."""
    with tempfile.TemporaryDirectory(prefix="riskhub-production-", ignore_cleanup_errors=True) as folder:
        installation = Installation(Path(folder), code)
        try:
            installation.start_servers()
            with installation.connect() as server:
                version = server.info.server_version // 10000
            say(f"  PostgreSQL {version}, PgBouncer in transaction mode, Redis")
            installation.manage("collectstatic", "--no-input")
            installation.manage("migrate", "--database", "owner", "--no-input", is_owner=True)
            for name in ("web1", "web2"):
                installation.start_unit("riskhub-web@", str(installation.ports[name]))
            for number in range(WORKERS):
                installation.start_unit("riskhub-worker@", str(number + 1))
            installation.start_unit("riskhub-mail")
            installation.start_unit("riskhub-beat")
            installation.start_proxy()
            say(f"  2 web processes, {WORKERS} workers, a mail worker, beat and nginx run")
            yield installation
        finally:
            installation.stop_all()


def set_up(installation: Installation) -> urllib3.BaseHTTPResponse:
    """Set the register up with the printed link, over TLS. Return the answer, which signs the person in."""
    client = Client(installation)
    link = urlsplit(installation.manage("setup_link").strip())
    page = client.ask("GET", link.path)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.data.decode())
    fields = {
        "csrfmiddlewaretoken": token[1] if token else "",
        "name": "Northwind",
        "time_zone": "Europe/Berlin",
        "person_name": "Ada Head",
        "email": ADDRESS,
        "password": PASSWORD,
    }
    form = {
        "Cookie": page.headers.get("Set-Cookie", "").split(";")[0],
        "Referer": f"https://{link.hostname}{link.path}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return client.pool.request(
        "POST", link.path, body=urlencode(fields), headers=client.headers | form, redirect=False
    )


def session_of(answer: urllib3.BaseHTTPResponse) -> str:
    """Return the cookie of the session with its attributes; "" without one."""
    return next((one for one in answer.headers.getlist("Set-Cookie") if "sessionid" in one), "")


def _first_start(installation: Installation, seed: int) -> Claim:
    """Set the register up, and check the headers of the answer."""
    answer = set_up(installation)
    wrong = [
        what
        for what, holds in (
            (f"the link was answered {answer.status}", answer.status == 303),
            ("the session cookie is not for TLS only", "Secure" in session_of(answer)),
            ("there is no HSTS", "Strict-Transport-Security" in answer.headers),
            ("there is no id of the request", len(answer.headers.get("X-Request-ID", "")) == 32),
        )
        if not holds
    ]
    return Claim(GOAL, "set up over TLS: faults", len(wrong), "0", not wrong, seed=seed, why=wrong)


def _work(installation: Installation, client: Client, say: Callable[[str], None]) -> Traffic:
    """Let clients write while each web process, each worker and beat are restarted in turn."""
    with writing(client) as traffic:
        time.sleep(SECONDS_AFTER_RESTART)
        restart_all(installation, say)
    return traffic


def restart_all(installation: Installation, say: Callable[[str], None]) -> None:
    """Restart web, worker and beat, one after the other, with the code that `installation` has now."""
    for name in [one for one in installation.running if one.startswith("riskhub-")]:
        unit, instance = re.fullmatch(r"(riskhub-[a-z]+@?)(\d*)", name).groups()  # type: ignore[union-attr]
        began = time.monotonic()
        installation.stop(name)
        say(f"  {name} stopped after {time.monotonic() - began:.1f} s")
        installation.start_unit(unit, instance)
        time.sleep(SECONDS_AFTER_RESTART)


@contextmanager
def writing(client: Client) -> Iterator[Traffic]:
    """Let clients create risks during the block."""
    traffic, ended = Traffic(), Event()
    category = json.loads(client.ask("GET", "/api/v1/categories").data)["results"][0]["slug"]
    model = json.loads(client.ask("POST", "/api/v1/models", {"name": "Scoring"}).data)["slug"]
    about = {"category": category, "model": model, "likelihood": 3, "impact": 3}
    with ThreadPoolExecutor(CLIENTS) as pool:
        writers = [pool.submit(_write, client, number, about, traffic, ended) for number in range(CLIENTS)]
        try:
            yield traffic
        finally:
            ended.set()
        for writer in writers:
            writer.result()


def _write(client: Client, number: int, about: dict[str, Any], traffic: Traffic, ended: Event) -> None:
    turn = 0
    while not ended.is_set():
        turn += 1
        title = f"Written by {number}, {turn}"
        began = time.monotonic()
        try:
            answer = client.ask(
                "POST", "/api/v1/risks", about | {"title": title}, **{"Idempotency-Key": f"{number}-{turn}"}
            )
        except urllib3.exceptions.HTTPError as error:
            traffic.failed.append(f"{title}: {error}")
            continue
        traffic.slowest = max(traffic.slowest, time.monotonic() - began)
        if answer.status == 201:
            traffic.accepted.append(title)
        else:
            traffic.failed.append(f"{title}: {answer.status} {answer.data[:200].decode()}")


def ledger(installation: Installation, traffic: Traffic, seed: int) -> list[Claim]:
    """Compare what was accepted with what is stored, and wait until no work is left."""
    with installation.connect() as database:
        rows = database.execute("SELECT title FROM risklog_risk WHERE title LIKE 'Written by %'").fetchall()
        stored, accepted = Counter(title for (title,) in rows), Counter(traffic.accepted)
        lost = [f"{title} is missing" for title in (accepted - stored).elements()]
        double = [f"{title} exists twice" for title, number in stored.items() if number > 1]
        began, waiting = time.monotonic(), -1
        while waiting and time.monotonic() - began < SETTLED:
            time.sleep(0.5)
            waiting = database.execute(
                "SELECT count(*) FROM history_handover WHERE state IN ('pending', 'claimed')"
            ).fetchone()[0]
        dead = database.execute("SELECT count(*) FROM history_handover WHERE state = 'dead'").fetchone()[0]
    counts = {"accepted": len(traffic.accepted), "events waited for": round(time.monotonic() - began, 1)}
    return [
        Claim(
            GOAL,
            "failed requests",
            len(traffic.failed),
            "0",
            not traffic.failed,
            seed=seed,
            why=traffic.failed,
            counts=counts,
        ),
        Claim(
            GOAL,
            "writes lost or double",
            len(lost + double),
            "0",
            not lost + double,
            seed=seed,
            why=lost + double,
        ),
        Claim(GOAL, "events not handled", waiting + dead, "0", waiting + dead == 0, seed=seed),
    ]


def _throughput(
    installation: Installation, client: Client, say: Callable[[str], None], seed: int
) -> list[Claim]:
    """Measure answers a second with two web processes, and with one."""
    found = []
    for number in (2, 1):
        if number == 1:
            installation.stop(f"riskhub-web@{installation.ports['web2']}")
        rate = _rate(client, "/api/v1/risks?limit=25")
        say(f"  {number} web: {rate:.0f} lists a second")
        found.append(Claim(GOAL, f"lists a second, {number} web", round(rate, 1), "> 0", rate > 0, seed=seed))
    return found


def _rate(client: Client, path: str) -> float:
    def ask_until(ends: float) -> int:
        answered = 0
        while time.monotonic() < ends:
            answered += client.ask("GET", path).status == 200
        return answered

    with ThreadPoolExecutor(CLIENTS) as pool:
        ends = time.monotonic() + SECONDS_MEASURED
        return sum(pool.map(ask_until, [ends] * CLIENTS)) / SECONDS_MEASURED
