"""Parse what MLflow sends: metrics of a run as its REST API answers them, and webhooks of its registry.

{"model": "credit-pd", "metrics": [{"key": "accuracy", "value": 0.9, "timestamp": 1795436696402}]}
{"model": "credit-pd", "run": {"info": …, "data": {"metrics": […]}}}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signals.mapping.points import Reading
from signals.mapping.reports import Collected, first_named, is_number, mapping_at, seconds_of
from signals.mapping.text import Unusable

MODEL_TAG = "riskhub.model"
MAX_NAME = 120  # characters of a model or a version


def is_webhook(body: Any) -> bool:
    """Return True for an event of the registry, such as the creation of a model version."""
    return isinstance(body, Mapping) and isinstance(body.get("entity"), str) and "action" in body


@dataclass(frozen=True, slots=True)
class CreatedVersion:
    """A version that the registry says was created. run_id: "" without a run."""

    model: str
    name: str
    at: datetime | None
    run_id: str = ""


def created_version(body: Mapping[str, Any]) -> CreatedVersion | None:
    """Return the version of a webhook that says one was created, None for another webhook.

    Raises Unusable if it does not name the model or the version.
    """
    if (body.get("entity"), body.get("action")) != ("model_version", "created"):
        return None
    data = mapping_at(body, "data")
    texts = {}
    for field in ("name", "version"):
        value = data.get(field)
        if not isinstance(value, str) or not 0 < len(value.strip()) <= MAX_NAME or "\x00" in value:
            raise Unusable(f"data.{field}", f"Name the {field} in 1 to {MAX_NAME} characters.")
        texts[field] = value.strip()
    run_id = data.get("run_id")
    return CreatedVersion(
        texts["name"],
        texts["version"],
        _moment(body.get("timestamp")),
        run_id if isinstance(run_id, str) else "",
    )


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None


def read(body: Any, *, model: str = "", at: datetime) -> tuple[Reading, list[str]]:
    """Parse the metrics of a run. Returns the points and where each one was in the body.

    model: named by the address; else `model` of the body, or the tag `riskhub.model` of the run.
    Raises Unusable if the body has another shape.
    """
    run = mapping_at(body, "run")
    metrics = (
        body.get("metrics")
        if isinstance(body, Mapping) and not run
        else mapping_at(run, "data").get("metrics")
    )
    if not isinstance(metrics, list):
        raise Unusable("metrics", "Not metrics of MLflow: the list of metrics is missing.")
    collected = Collected(first_named(model, body.get("model"), _tagged(run)), None)
    prefix = "run.data.metrics" if run else "metrics"
    for item, metric in enumerate(metrics):
        row: Mapping[str, Any] = metric if isinstance(metric, Mapping) else {}
        milliseconds: Any = row.get("timestamp")
        ts = seconds_of(milliseconds) if is_number(milliseconds) else milliseconds
        fields = {"ts": ts, "slice": row.get("dataset_name") or ""}
        collected.add(f"{prefix}[{item}]", row.get("key"), row.get("value"), **fields)
    return collected.read(at=at), collected.paths


def _tagged(run: Mapping[str, Any]) -> Any:
    tags = mapping_at(run, "data").get("tags")
    rows = tags if isinstance(tags, list) else []
    return next(
        (tag.get("value") for tag in rows if isinstance(tag, Mapping) and tag.get("key") == MODEL_TAG), None
    )
