"""Row 23: Schemathesis compares the API with its published schema, as each role and each scope of a token."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from chaos.claims import Claim
from chaos.ground import Ground
from chaos.web import web
from kit import clock
from kit.actor import Actor
from people.models import User
from people.operations import token
from people.states import Role, TokenScope

GOAL, EXAMPLES = 23, 10
# Whether valid-looking data is accepted is no question of the contract: the objects must exist as well.
_CHECKS = ",".join(
    (
        *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
        *("response_headers_conformance", "response_schema_conformance", "negative_data_rejection"),
        *("unsupported_method", "allow_header_conformance", "ignored_auth"),
    )
)
# They can end the token of the run, after which every answer is 401. So they are asked last, by themselves.
_ENDING = r"/api/v1/(tokens|service-accounts|me|people/[^/]+/holdings)"


@dataclass(frozen=True)
class Reader:
    """Who asks: a role, and the scope of the token."""

    role: Role
    scope: TokenScope

    @property
    def name(self) -> str:
        return f"{Role(self.role).label.lower()}, {self.scope}"


READERS = (
    Reader(Role.VIEWER, TokenScope.READ),  # a viewer can have no other token
    *(Reader(role, TokenScope.WRITE) for role in Role if role != Role.VIEWER),
    Reader(Role.MEMBER, TokenScope.READ),
    Reader(Role.MEMBER, TokenScope.INGEST),
)


def run(made: Ground, *, seed: int, is_short: bool, say: Callable[[str], None]) -> list[Claim]:
    """Ask as each reader. is_short: as an administrator only, with few examples; no claim counts as met."""
    from django.core.management import call_command

    made.fresh("chaos_23")
    call_command("sample_organisation", verbosity=0)
    readers = [Reader(Role.ADMINISTRATOR, TokenScope.WRITE)] if is_short else READERS
    examples = 2 if is_short else EXAMPLES
    found = []
    with web(made, "chaos_23") as site:
        schema = _schema(made.folder, site.address)
        for reader in readers:
            failures, asked = _ask(schema, site.address, reader, examples, seed)
            say(f"  {reader.name}: {asked:,} requests, {len(failures)} failures")
            for failure in failures:  # at once, because all readers take an hour
                say(f"    {failure}")
            found.append(
                Claim(
                    GOAL,
                    f"{reader.name}: answers that break the schema",
                    len(failures),
                    "0",
                    not failures and not is_short,
                    seed=seed,
                    why=failures,
                    counts={"requests": asked},
                )
            )
    return found


def _ask(schema: Path, address: str, reader: Reader, examples: int, seed: int) -> tuple[list[str], int]:
    """Run Schemathesis twice: without and with what can end the token.

    Return the failures, and the number of requests.
    """
    failures: list[str] = []
    asked = 0
    for option in ("--exclude-path-regex", "--include-path-regex"):
        report = schema.with_name("contract.ndjson")
        command = [
            str(Path(sys.executable).parent / "schemathesis"),
            *("--config-file", str(Path(__file__).with_name("schemathesis.toml"))),
            *("run", str(schema), "--url", address),
            *("--header", f"Authorization: Bearer {_secret(reader)}"),
            *("--phases", "coverage,fuzzing", "--checks", _CHECKS, "--continue-on-failure", "--no-shrink"),
            *("--max-examples", str(examples), "--seed", str(seed), "--suppress-health-check", "all"),
            *("--report", "ndjson", "--report-ndjson-path", str(report), option, _ENDING),
        ]
        done = subprocess.run(command, cwd=schema.parent, capture_output=True, text=True, check=False)
        count = re.search(r"([\d,]+) generated", done.stdout)
        if count is None:
            raise RuntimeError(f"Schemathesis did not run: {(done.stdout + done.stderr)[-1500:]}")
        asked += int(count[1].replace(",", ""))
        failures += list(_failures(done.stdout))
    return failures, asked


def _schema(folder: Path, address: str) -> Path:
    """Store the published schema without `fields`: OpenAPI cannot say that a parameter leaves members out.

    tests/api/test_sparse_fields.py tests that parameter.
    """
    with urllib.request.urlopen(f"{address}/api/v1/schema", timeout=60) as answer:  # noqa: S310 - our own site
        found = json.load(answer)
    for operations in found["paths"].values():
        for operation in operations.values():
            kept = [one for one in operation.get("parameters", ()) if one["name"] != "fields"]
            operation["parameters"] = kept
    place = folder / "schema.json"
    place.write_text(json.dumps(found))
    return place


def _failures(output: str) -> Iterator[str]:
    """Yield the failures of a run: the operation, what is wrong, and the request that repeats it."""
    operation, title, detail = "", "", ""
    for line in output.splitlines():
        if found := re.fullmatch(r"_+ ([A-Z]+ /\S+) _+", line):
            operation = found[1]
        elif found := re.fullmatch(r"- (ST\d+ .*)", line):
            title, detail = found[1], ""
        elif line.strip() == "Runtime Error":
            yield f"{operation}: Schemathesis failed itself"
        elif title and line.strip().startswith("curl "):
            yield f"{operation}: {title}: {detail}: {line.strip()[:400]}"
            title = ""
        elif title and not detail:
            detail = line.strip()[:200]


def _secret(reader: Reader) -> str:
    user = User.objects.filter(role=reader.role, is_active=True).order_by("pk").first()
    assert user is not None, f"The sample has no {reader.role}."
    _, text = token.issue(user, name="contract", scope=reader.scope, days=9, by=Actor(user), at=clock.now())
    return text
