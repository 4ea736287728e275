"""Row 14: malformed payloads to each intake endpoint. No 5xx, no rows of a rejected body, bounded memory."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from itertools import islice

from django.db import connection

from chaos.claims import Claim
from chaos.endpoints import Endpoint, endpoints
from chaos.ground import Ground
from chaos.killing import shortened
from chaos.payloads import Payload
from chaos.web import Web, web
from kit import clock
from kit.actor import SYSTEM, Actor
from people.models import Organisation, User
from people.states import Role

GOAL, PAYLOADS, SHORT = 14, 10_000, 200
MOST_MEGABYTES = 50
_WARM = 300  # payloads until the process has loaded what it needs
_ANSWERS = {202, 400, 413, 415, 422}
# The answers after the items of a body were read, and the smallest share of them at each endpoint.
_READ, LEAST_READ = {202, 422}, 0.75
# What a body may create. Deliveries are not in it: a rejected body is kept for its owner.
_TABLES = (
    *("signals_alert", "signals_breach", "signals_breachgroup", "signals_series", "signals_point"),
    *("signals_threshold", "catalogue_version", "catalogue_model", "history_event"),
)


@dataclass
class Outcome:
    """What the payloads of one endpoint led to."""

    answers: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    before: float = 0
    after: float = 0

    def share(self, statuses: Collection[int]) -> float:
        """Return the share of the answers that have one of these statuses."""
        return sum(self.answers[status] for status in statuses) / max(self.answers.total(), 1)


def run(
    made: Ground, *, payloads_each: int, only: str, seed: int, is_short: bool, say: Callable[[str], None]
) -> list[Claim]:
    """Send payloads to each endpoint, or to the one that `only` names."""
    made.fresh("chaos_14")
    secret = _prepare()
    number = SHORT if is_short else payloads_each
    found = []
    with web(made, "chaos_14") as site:
        for name, endpoint in endpoints().items():
            if only and name != only:
                continue
            outcome = _send(site, endpoint, secret, number, f"{seed} {name}")
            answers = dict(sorted(outcome.answers.items()))
            grown = outcome.after - outcome.before
            say(f"  {name}: {number:,} payloads, answers {answers}, memory {grown:+.0f} MB")
            found += _claims(name, outcome, seed)
    is_whole = number >= PAYLOADS
    return found if is_whole else [shortened(claim) for claim in found]


def _claims(name: str, outcome: Outcome, seed: int) -> list[Claim]:
    counts = {f"answers {status}": float(number) for status, number in outcome.answers.items()}
    grown = max(0.0, outcome.after - outcome.before)
    failed, leaked = len(outcome.failures), len(outcome.leaks)
    read = outcome.share(_READ)
    return [
        Claim(GOAL, f"{name}: answers 5xx or unknown", failed, "0", not failed, seed=seed, counts=counts,
              why=outcome.failures),
        Claim(GOAL, f"{name}: rejected bodies that left rows", leaked, "0", not leaked, seed=seed,
              why=outcome.leaks),
        Claim(GOAL, f"{name}: growth of memory, MB", round(grown, 1), f"<= {MOST_MEGABYTES}",
              grown <= MOST_MEGABYTES, seed=seed),
        Claim(GOAL, f"{name}: share of bodies whose items were read", round(read, 3), f">= {LEAST_READ}",
              read >= LEAST_READ, seed=seed, counts=counts),
    ]  # fmt: skip


def _prepare() -> str:
    """Create a person with a token, a model of theirs, and a source with each mapping. Returns the token."""
    from catalogue.operations import model
    from history import operations as history
    from people.operations import token
    from signals.mapping.presets import PRESETS
    from signals.operations import source as sources
    from signals.states import Adapter

    at = clock.now()
    history.record(
        Organisation(pk=1, name="Chaos", time_zone="UTC"), "people.organisation_set_up", by=SYSTEM, at=at
    )
    user = User(
        email="tool@example.org", name="Tool", handle="tool", role=Role.MEMBER, is_digest_wanted=False
    )
    user.set_unusable_password()
    history.record(user, "people.person_added", by=SYSTEM, at=at)
    for slug in ("credit-pd", "tumour-triage"):
        model.add(slug=slug, name=slug, developer=user, by=SYSTEM, at=at)
    # A refused body may create the sender's own source, which keeps it.
    for adapter in set(Adapter) - {Adapter.GENERIC}:
        sources.default(adapter, by=Actor(user), at=at)
    for endpoint in endpoints().values():
        if endpoint.mapping:
            slug = endpoint.path.rpartition("/")[2]
            source = sources.named(slug, adapter=Adapter.GENERIC, by=SYSTEM, at=at)
            sources.change(source, {"mapping": PRESETS[endpoint.mapping].mapping}, by=SYSTEM, at=at)
    _, secret = token.issue(user, name="row 14", scope="ingest", by=SYSTEM, at=at)
    return secret


def _send(site: Web, endpoint: Endpoint, secret: str, number: int, seed: str) -> Outcome:
    """Send payloads one after another. Counts the rows around each that is rejected."""
    outcome, counted = Outcome(before=site.resident_megabytes()), _rows()
    for index, payload in enumerate(islice(endpoint.payloads(seed), number)):
        status, text = _post(site, endpoint.path, payload, secret)
        outcome.answers[status] += 1
        if status not in _ANSWERS:
            outcome.failures.append(f"{index}: {status} {text[:200]!r} to {_shown(payload)}")
        rows = _rows()
        if rows != counted and status != 202:
            outcome.leaks.append(f"{index}: {status} {counted} -> {rows} of {_shown(payload)}")
        counted = rows
        if index == _WARM:
            outcome.before = site.resident_megabytes()
    outcome.after = site.resident_megabytes()
    return outcome


def _post(site: Web, path: str, payload: Payload, secret: str) -> tuple[int, bytes]:
    asked = http.client.HTTPConnection("localhost", site.port, timeout=60)
    headers = {**payload.headers, "Authorization": f"Bearer {secret}"}
    try:
        asked.request("POST", f"/api/v1/{path}{payload.query}", payload.body, headers)
        answer = asked.getresponse()
        text = answer.read()
        if answer.status != 202 and not isinstance(json.loads(text).get("detail"), str):
            return 599, b"The refusal has no detail: " + text
        return answer.status, text
    except (OSError, http.client.HTTPException) as error:
        return 598, repr(error).encode()
    finally:
        asked.close()


def _rows() -> tuple[int, ...]:
    counts = ", ".join(f"(SELECT count(*) FROM {table})" for table in _TABLES)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counts}")
        return tuple(cursor.fetchone())


def _shown(payload: Payload) -> str:
    return f"{payload.query} {payload.headers} {payload.body[:1500]!r}"
