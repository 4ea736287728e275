"""Checks what a run reports: parameters, metrics, artefacts, and where they are found. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from catalogue.recipes import MAX_NAME, MAX_TEXT, is_web_address, json_object, number
from kit.refusals import Refused

MAX_METRICS, MAX_ARTEFACTS = 500, 200
MAX_NOTE = 20_000
INPUTS = ("data_set", "code", "parameters", "metrics")
_TEXTS = {"data_set": MAX_TEXT, "code": MAX_TEXT, "link": MAX_TEXT, "note": MAX_NOTE}
_OF_ARTEFACT = ("name", "link", "digest")


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given facts without outer spaces. Raises Refused with the name of the field."""
    found: dict[str, Any] = {}
    for name, most in _TEXTS.items():
        if name in values:
            found[name] = text = str(values[name] or "").strip()
            if len(text) > most:
                raise Refused(f"Use at most {most:,} characters.", field=name)
    if found.get("link") and not is_web_address(found["link"]):
        raise Refused("Use an address that starts with https:// or http://.", field="link")
    if "parameters" in values:
        found["parameters"] = json_object(values["parameters"], "parameters")
    if "metrics" in values:
        found["metrics"] = _metrics(values["metrics"])
    if "artefacts" in values:
        found["artefacts"] = _artefacts(values["artefacts"])
    return found


def _metrics(value: Any) -> dict[str, float]:
    value = {} if value is None else value
    if not isinstance(value, Mapping):
        raise Refused('Use an object of numbers, such as {"auc": 0.79}.', field="metrics")
    if len(value) > MAX_METRICS:
        raise Refused(f"Use at most {MAX_METRICS} metrics.", field="metrics")
    metrics: dict[str, float] = {}
    for name, figure in value.items():
        called = str(name).strip()
        if not 1 <= len(called) <= MAX_NAME or "\x00" in called:
            raise Refused(f"Give each metric a name of up to {MAX_NAME} characters.", field="metrics")
        metrics[called] = number(figure, "metrics", f"“{called}”")
    return metrics


def _artefacts(value: Any) -> list[dict[str, str]]:
    value = [] if value is None else value
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise Refused("Send a list.", field="artefacts")
    if len(value) > MAX_ARTEFACTS:
        raise Refused(f"Use at most {MAX_ARTEFACTS} artefacts.", field="artefacts")
    artefacts: list[dict[str, str]] = []
    for row in value:
        entry = {part: str(row.get(part, "")).strip() for part in _OF_ARTEFACT}
        if not 1 <= len(entry["name"]) <= MAX_NAME:
            raise Refused(f"Give each artefact a name of up to {MAX_NAME} characters.", field="artefacts")
        if len(entry["link"]) > MAX_TEXT or len(entry["digest"]) > MAX_TEXT:
            raise Refused(f"“{entry['name']}”: use at most {MAX_TEXT} characters.", field="artefacts")
        if any(entry["name"] == other["name"] for other in artefacts):
            raise Refused(f"“{entry['name']}” is there twice. Give each its own name.", field="artefacts")
        artefacts.append(entry)
    return artefacts


# ------------------------------------------------------------------ as lines of text, for forms


def metric_lines(metrics: Mapping[str, float]) -> str:
    """Return metrics as one line each: `auc: 0.79`."""
    return "\n".join(f"{name}: {figure}" for name, figure in metrics.items())


def metrics_from(text: str) -> dict[str, float]:
    """Return the metrics of a text with one line each. Raises Refused for a line without a number."""
    metrics: dict[str, float] = {}
    for line in filter(str.strip, text.splitlines()):
        name, _, figure = line.rpartition(":")
        try:
            metrics[name.strip()] = float(figure)
        except ValueError:
            raise Refused(f"“{line.strip()[:80]}” has no number. Use “auc: 0.79”.", field="metrics") from None
    return metrics


def artefacts_from(text: str) -> list[dict[str, str]]:
    """Return the artefacts of a text with one line each: `model.bin: s3://bucket/model.bin sha256:5f…`."""
    artefacts: list[dict[str, str]] = []
    for line in filter(str.strip, text.splitlines()):
        name, _, rest = line.partition(":")
        link, _, digest = rest.strip().partition(" ")
        artefacts.append({"name": name.strip(), "link": link, "digest": digest.strip()})
    return artefacts
