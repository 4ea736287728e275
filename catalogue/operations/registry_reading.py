"""Reading of model registries by the REST API of MLflow: fetch, compare, store model by model.

A reading can stop after any model: what it stored stays, and the next one goes on with the rest. Nothing is
requested in a transaction.
"""

import base64
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from catalogue import events, mlflow_answers
from catalogue.mlflow_answers import FoundModel, FoundVersion, RunDetails, UnreadableRegistry
from catalogue.models import Registry, RegistryModel, RegistryReading
from catalogue.models.registry import MAX_PROBLEM
from catalogue.operations import registry_models
from catalogue.states import VersionStage
from history import operations as history
from history.claims import Tally
from kit import sealed
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from outgoing.client import Limits, NoAnswer, RefusedUrl, send
from people.models import User

# After so many failures in a row the owner is told.
TOLD_AFTER = 4
LIMITS = Limits(most_bytes=5_000_000)
PAGE_OF_MODELS, PAGE_OF_VERSIONS = 100, 200
_MOST_PAGES = 500
_MOST_PROBLEMS = 20
_FOR_LISTS, _FOR_RUNS = 60.0, 100.0  # seconds since the beginning of a reading
# Longer than any reading. If its worker dies, another one begins after it.
_CLAIMED_FOR = timedelta(minutes=5)


def read_due(*, at: datetime, seconds: float = 10.0) -> Tally:
    """Read the registries that are due, one after the other. Begins none after `seconds`."""
    total, ends = Tally(), time.monotonic() + seconds
    while time.monotonic() < ends and (reading := _claim()):
        total += _read(reading.registry, at)
    return total


@transaction.atomic
def _claim() -> RegistryReading | None:
    """Return a reading that is due and that no other worker does. It is claimed before the work begins."""
    is_free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=Now())
    due = RegistryReading.objects.filter(is_free, next_at__lte=Now(), registry__is_active=True)
    rows = due.order_by("next_at", "id").select_for_update(skip_locked=True, of=("self",))
    reading = rows.select_related("registry__subject", "registry__owner_team").first()
    if reading is not None:
        every = timedelta(minutes=reading.registry.every_minutes)
        RegistryReading.objects.filter(pk=reading.pk).update(
            next_at=Now() + every, claimed_until=Now() + _CLAIMED_FOR
        )
    return reading


@dataclass(slots=True)
class _Result:
    """What one reading did. problems: what it did not import. is_partial: versions are left."""

    problems: list[str] = field(default_factory=list)
    stored: int = 0
    is_partial: bool = False


def _read(registry: Registry, at: datetime) -> Tally:
    try:
        result = _import(registry, at)
    except (RefusedUrl, NoAnswer, UnreadableRegistry) as error:
        _note_failure(registry, str(error)[:MAX_PROBLEM], at)
        return Tally(failed=1)
    _note_success(registry, result, at)
    return Tally(done=1)


def _import(registry: Registry, at: datetime) -> _Result:
    server, by = _Server(registry), Actor(_owner(registry), "import")
    models = server.models()
    versions = server.versions()
    links = {link.name: link for link in RegistryModel.objects.filter(registry=registry)}
    result = _Result()
    for model in models:
        link, found = links.get(model.name), _staged(registry, model, versions.get(model.name, []))
        if link is not None and registry_models.is_unchanged(link, found):
            continue
        try:
            _import_one(registry, server, model, found, result, by=by, at=at)
        except Refused as refusal:
            result.problems.append(f"{model.name[:100]}: {refusal.message}")
    for name in links.keys() - {model.name for model in models}:
        result.problems.append(
            f"{name[:100]} is not in the registry any more. Retire the model if it is unused."
        )
    return result


def _import_one(
    registry: Registry,
    server: "_Server",
    model: FoundModel,
    found: Sequence[FoundVersion],
    result: _Result,
    *,
    by: Actor,
    at: datetime,
) -> None:
    """Import one model with its versions. Adds to the result. Raises Refused, ChangedMeanwhile."""
    is_in_production = any(version.stage == VersionStage.PRODUCTION for version in found)
    link = registry_models.linked(registry, model, is_in_production=is_in_production, by=by, at=at)
    details: dict[str, RunDetails] = {}
    for version in found:
        if version.name in link.seen:
            continue
        if server.seconds >= _FOR_RUNS:
            result.is_partial = True
            break
        details[version.name] = server.run(version.run_id)
    problems = registry_models.store(link, found, details, by=by, at=at)
    result.problems += problems
    result.stored += len(details) - len(problems)


def _staged(registry: Registry, model: FoundModel, found: Iterable[FoundVersion]) -> list[FoundVersion]:
    """Return the versions with their aliases. The one with the alias of production is in production."""
    names: Mapping[str, list[str]] = defaultdict(list)
    for alias, version_name in sorted(model.aliases.items()):
        names[version_name].append(alias)
    staged = []
    for version in found:
        aliases = tuple(names.get(version.name, ()))
        is_chosen = registry.production_alias and registry.production_alias in aliases
        stage = VersionStage.PRODUCTION if is_chosen else version.stage
        staged.append(replace(version, aliases=aliases, stage=stage))
    return staged


def _owner(registry: Registry) -> User:
    owner = User.objects.with_sight().filter(pk=registry.owner_id, is_active=True).first()
    if owner is None:
        raise UnreadableRegistry("The owner of this registry is not active. Choose another one.")
    return owner


class _Server:
    """The tracking server of a registry, as it answers requests."""

    def __init__(self, registry: Registry) -> None:
        self._registry, self._began = registry, time.monotonic()
        self._headers = {"Accept": "application/json", **_authorization(registry)}

    @property
    def seconds(self) -> float:
        """Return the seconds since the reading began."""
        return time.monotonic() - self._began

    def models(self) -> list[FoundModel]:
        return self._pages("registered-models/search", PAGE_OF_MODELS, mlflow_answers.models_of)

    def versions(self) -> dict[str, list[FoundVersion]]:
        """Return model -> its versions."""
        found: dict[str, list[FoundVersion]] = defaultdict(list)
        for name, version in self._pages(
            "model-versions/search", PAGE_OF_VERSIONS, mlflow_answers.versions_of
        ):
            found[name].append(version)
        return found

    def run(self, run_id: str) -> RunDetails:
        """Return what a run says, nothing for a run that was deleted."""
        if not run_id:
            return registry_models.NO_DETAILS
        body = self._get("runs/get", {"run_id": run_id}, may_be_missing=True)
        return mlflow_answers.run_of(body) if body else registry_models.NO_DETAILS

    def _pages(self, path: str, size: int, parse: Callable[[Mapping[str, Any]], tuple[list, str]]) -> list:
        """Return the rows of all pages. Raises UnreadableRegistry if they do not end."""
        rows: list[Any] = []
        token, tokens = "", set()
        for _ in range(_MOST_PAGES):
            body = self._get(path, {"max_results": size, **({"page_token": token} if token else {})})
            found, token = parse(body)
            rows += found
            if not token:
                return rows
            if token in tokens:
                break
            tokens.add(token)
            if self.seconds >= _FOR_LISTS:
                raise NoAnswer(f"{self._registry.host} did not list everything within {_FOR_LISTS:g} s.")
        raise UnreadableRegistry(f"The pages of {path} do not end.")

    def _get(
        self, path: str, parameters: Mapping[str, Any], *, may_be_missing: bool = False
    ) -> Mapping[str, Any]:
        url = f"{self._registry.url}/api/2.0/mlflow/{path}?{urlencode(parameters)}"
        answer = send(url, headers=self._headers, limits=LIMITS)
        host = self._registry.host
        if may_be_missing and answer.status == 404:
            return {}
        if answer.status in {401, 403}:
            raise NoAnswer(f"{host} refused the token with the status {answer.status}. Enter a valid one.")
        if answer.is_redirect:
            raise NoAnswer(f"{host} answered with a redirect. Enter the address it leads to.")
        if not answer.is_success:
            raise NoAnswer(f"{host} answered with the status {answer.status} to {path}.")
        if answer.is_cut:
            raise UnreadableRegistry(f"An answer is larger than {LIMITS.most_bytes // 1_000_000} MB.")
        return mlflow_answers.parse(answer.body)


def _authorization(registry: Registry) -> dict[str, str]:
    if not registry.token:
        return {}
    try:
        token = sealed.unseal(registry.token)
    except ValueError:
        raise UnreadableRegistry("The token cannot be read. Enter it again.") from None
    if not registry.username:
        return {"Authorization": f"Bearer {token}"}
    pair = base64.b64encode(f"{registry.username}:{token}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


@transaction.atomic
def _note_success(registry: Registry, result: _Result, at: datetime) -> None:
    reading = RegistryReading.objects.select_for_update().get(registry=registry)
    problems, more = result.problems[:_MOST_PROBLEMS], len(result.problems) - _MOST_PROBLEMS
    if more > 0:
        problems.append(f"And {more} more.")
    was_told = reading.failures >= TOLD_AFTER
    reading.tried_at = reading.read_at = at
    reading.claimed_until = None
    reading.failures, reading.error, reading.is_partial = 0, "", result.is_partial
    reading.problems = [problem[:MAX_PROBLEM] for problem in problems]
    reading.save(
        update_fields=["tried_at", "read_at", "claimed_until", "failures", "error", "problems", "is_partial"]
    )
    if result.is_partial and result.stored:
        RegistryReading.objects.filter(pk=reading.pk).update(next_at=Now())
    if was_told:
        history.record(registry, "catalogue.registry_recovered", by=SYSTEM, at=at)


@transaction.atomic
def _note_failure(registry: Registry, error: str, at: datetime) -> None:
    reading = RegistryReading.objects.select_for_update().get(registry=registry)
    reading.tried_at, reading.error, reading.failures = at, error, reading.failures + 1
    reading.claimed_until = None
    reading.save(update_fields=["tried_at", "claimed_until", "error", "failures"])
    if reading.failures == TOLD_AFTER:
        history.record(registry, events.RegistryFailed(error=error), by=SYSTEM, at=at)
