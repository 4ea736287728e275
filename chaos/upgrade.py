"""Upgrade: from the previous release to this one, under traffic, without a failed request or a lost write.

The previous release runs on two web processes and three workers. While clients write, this release migrates
the database, and then each process is restarted with it, as docs/operating.md says.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chaos import production
from chaos.claims import Claim
from chaos.installation import ROOT, Missing

# The last commit of release 0.1.0.
PREVIOUS = "eb7a707be18cb9e3bda274464e594cd25e259655"
SLOWEST = 5.0  # seconds: a migration waits for a lock for at most two


def run(*, seed: int, say: Callable[[str], None]) -> list[Claim]:
    with _previous() as code, production.installed(say, code) as installation:
        session = production.session_of(production.set_up(installation)).split(";")[0]
        token = installation.manage("issue_token", production.ADDRESS, "--scope", "write").strip()
        client = production.Client(installation, token)
        with production.writing(client) as traffic:
            time.sleep(production.SECONDS_AFTER_RESTART)
            installation.code = ROOT
            began = time.monotonic()
            installation.manage("migrate", "--database", "owner", "--no-input", is_owner=True)
            took = time.monotonic() - began
            say(f"  migrated in {took:.1f} s")
            time.sleep(production.SECONDS_AFTER_RESTART)
            installation.manage("collectstatic", "--no-input")
            production.restart_all(installation, say)
        found = production.ledger(installation, traffic, seed)
        page = client.ask("GET", "/risks/", Cookie=session, Authorization="")
        found.append(
            Claim(0, "the session from before: status", page.status, "200", page.status == 200, seed=seed)
        )
        slowest = round(traffic.slowest, 1)
        found.append(
            Claim(0, "slowest write, seconds", slowest, f"<= {SLOWEST:g}", slowest <= SLOWEST, seed=seed)
        )
    for claim in found:
        claim.what = f"upgrade, {claim.what}"
    return found


@contextmanager
def _previous() -> Iterator[Path]:
    """Put the code of the previous release into a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="riskhub-previous-") as folder:
        archive = Path(folder) / "code.tar"
        taken = subprocess.run(
            ["git", "archive", "--output", str(archive), PREVIOUS],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if taken.returncode:
            raise Missing(
                f"The previous release ({PREVIOUS[:8]}) is not in this copy: {taken.stderr.strip()}"
            )
        code = Path(folder) / "code"
        code.mkdir()
        subprocess.run(["tar", "--extract", "--file", str(archive), "--directory", str(code)], check=True)
        yield code
