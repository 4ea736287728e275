"""What the REST API of MLflow answers about its registry. Pure: nothing is requested or stored here."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from catalogue.states import VersionStage
from kit.texts import many_lines, one_line

# The tag of a version that names the version it was made from. MLflow itself has no such field.
PARENT_TAG = "riskhub.parent"
TRIGGER_TAG = "riskhub.trigger"
MAX_MODEL_NAME, MAX_VERSION_NAME, MAX_TEXT = 120, 120, 500
_STAGES = {
    "staging": VersionStage.STAGING,
    "production": VersionStage.PRODUCTION,
    "archived": VersionStage.ARCHIVED,
}
_COMMIT, _REPOSITORY, _SOURCE = "mlflow.source.git.commit", "mlflow.source.git.repoURL", "mlflow.source.name"


class UnreadableRegistry(Exception):
    """An answer that MLflow does not give. Its text is the reason with the fix, as a sentence."""


@dataclass(frozen=True, slots=True)
class FoundVersion:
    """A version as the registry has it. source: the artefact. run_id: "" without a run."""

    name: str
    stage: str = VersionStage.CANDIDATE
    made_at: datetime | None = None
    run_id: str = ""
    source: str = ""
    parent: str = ""
    trigger: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A registered model. name: as the registry writes it. aliases: alias -> version."""

    name: str
    description: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunDetails:
    """What a run says about the version that it made."""

    configuration: Mapping[str, Any]
    code: str = ""
    data_set: str = ""
    ended_at: datetime | None = None


def parse(body: bytes) -> Mapping[str, Any]:
    """Return the object that an answer is. Raises UnreadableRegistry."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableRegistry(
            "The address does not answer as MLflow does. Enter that of the tracking server."
        ) from None
    if not isinstance(found, dict):
        raise UnreadableRegistry("The address does not answer as MLflow does: an object is missing.")
    return found


def models_of(body: Mapping[str, Any]) -> tuple[list[FoundModel], str]:
    """Return the models of one page of registered-models/search, and the token of the next page, or ""."""
    found = [
        FoundModel(
            name=_text(row.get("name")),
            description=many_lines(_text(row.get("description")))[:20_000].strip(),
            aliases={
                one_line(_text(alias.get("alias"))): _text(alias.get("version"))
                for alias in _rows(row, "aliases")
            },
        )
        for row in _rows(body, "registered_models")
    ]
    return [model for model in found if model.name], _text(body.get("next_page_token"))


def versions_of(body: Mapping[str, Any]) -> tuple[list[tuple[str, FoundVersion]], str]:
    """Return (model, version) of one page of model-versions/search, and the token of the next page, or "".

    A version that is not ready yet, or whose registration failed, is left out.
    """
    found = []
    for row in _rows(body, "model_versions"):
        tags = dict(_pairs(row, "tags"))
        if row.get("status", "READY") != "READY":
            continue
        version = FoundVersion(
            name=_text(row.get("version")),
            stage=_STAGES.get(_text(row.get("current_stage")).lower(), VersionStage.CANDIDATE),
            made_at=moment(row.get("creation_timestamp")),
            run_id=_text(row.get("run_id")),
            source=one_line(_text(row.get("source")))[:MAX_TEXT],
            parent=tags.get(PARENT_TAG, ""),
            trigger=one_line(tags.get(TRIGGER_TAG, ""))[:MAX_TEXT],
        )
        found.append((_text(row.get("name")), version))
    return [one for one in found if one[0] and one[1].name], _text(body.get("next_page_token"))


def run_of(body: Mapping[str, Any]) -> RunDetails:
    """Return what runs/get says: parameters, code and data sets."""
    run = _mapping(body.get("run"))
    data = _mapping(run.get("data"))
    tags = dict(_pairs(data, "tags"))
    code = " ".join(filter(None, (tags.get(_REPOSITORY) or tags.get(_SOURCE, ""), tags.get(_COMMIT, ""))))
    sets = [
        " ".join(filter(None, (_text(row.get("name")), _text(row.get("digest")))))
        for row in (
            _mapping(one.get("dataset")) for one in _rows(_mapping(run.get("inputs")), "dataset_inputs")
        )
    ]
    return RunDetails(
        configuration=dict(_pairs(data, "params")),
        code=one_line(code)[:MAX_TEXT],
        data_set=one_line(", ".join(filter(None, sets)))[:MAX_TEXT],
        ended_at=moment(_mapping(run.get("info")).get("end_time")),
    )


def moment(milliseconds: Any) -> datetime | None:
    """Return the moment of a timestamp in milliseconds, None for what is none."""
    is_number = isinstance(milliseconds, int) and not isinstance(milliseconds, bool)
    if isinstance(milliseconds, str) and milliseconds.isascii() and milliseconds.isdigit():
        milliseconds, is_number = int(milliseconds[:16]), True
    if not is_number or not 0 < milliseconds < 4_102_444_800_000:  # the year 2100
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _rows(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = body.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _pairs(body: Mapping[str, Any], name: str) -> Iterator[tuple[str, str]]:
    """Yield the tags or parameters, which MLflow writes as a list of key and value."""
    for row in _rows(body, name):
        if key := _text(row.get("key")):
            yield key, _text(row.get("value"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """Return a text without NUL, which PostgreSQL cannot store; "" for another value than text or number."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).replace("\x00", "").strip()
