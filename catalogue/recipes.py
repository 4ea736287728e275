"""The recipe of a workflow: the source of its data, the columns, the feature steps, the code, the check.

Every change of a recipe is a new version of the workflow.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from kit.refusals import Refused

MAX_JSON = 100_000  # characters
MAX_DEPTH = 20
MAX_COLUMNS, MAX_STEPS = 500, 100
MAX_NAME, MAX_TEXT = 120, 500


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a workflow goes from ingestion to evaluation.

    ingestion: where the data is read from, and how. data_schema: the expected columns, each with `name` and
    `type`. steps: the feature steps in their order, each with `name` and `details`. code: the repository and
    the entry point. configuration: a JSON object. evaluation: the address of the evaluation dashboard.
    """

    ingestion: str = ""
    data_schema: list[dict[str, str]] = field(default_factory=list)
    steps: list[dict[str, str]] = field(default_factory=list)
    code: str = ""
    configuration: dict[str, Any] = field(default_factory=dict)
    evaluation: str = ""


# An escaped NUL of JSON, but not an escaped backslash with u0000 after it.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
PARTS = tuple(part.name for part in fields(Recipe))
# The list parts, with the two keys of each entry.
KEYS = {"data_schema": ("name", "type"), "steps": ("name", "details")}


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those values that are parts of a recipe, without outer spaces.

    Raises Refused with the name of the part.
    """
    found: dict[str, Any] = {}
    for name in PARTS:
        if name not in values:
            continue
        value = values[name]
        if name in KEYS:
            found[name] = _entries(name, value)
        elif name == "configuration":
            found[name] = json_object(value, name)
        else:
            found[name] = _text(name, value)
    return found


def json_object(value: Any, name: str) -> dict[str, Any]:
    """Return a JSON object that the database can store; None becomes an empty one.

    name: of the field. Raises Refused for another value, for one that is too long or nested too deeply, and
    for NaN, Infinity and NUL.
    """
    value = {} if value is None else value
    if not isinstance(value, dict):
        raise Refused('Use a JSON object, such as {"max_depth": 6}.', field=name)
    if _is_deeper(value, MAX_DEPTH):
        raise Refused(f"Use at most {MAX_DEPTH} levels of objects and lists.", field=name)
    try:
        text = json.dumps(value, allow_nan=False)
    except ValueError:
        raise Refused(
            "NaN and Infinity cannot be stored. Leave the value out, or use null.", field=name
        ) from None
    if len(text) > MAX_JSON:
        raise Refused(f"Use at most {MAX_JSON:,} characters.", field=name)
    if _NUL.search(text):
        raise Refused("A NUL character cannot be stored. Leave it out.", field=name)
    return value


def number(value: Any, name: str, called: str) -> float:
    """Return a finite number. name: of the field, called: of the number. Raises Refused."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"{called} is not a number. Use one such as 0.79.", field=name)
    try:
        is_finite = math.isfinite(value)
    except OverflowError:
        is_finite = False
    if not is_finite:
        raise Refused(f"{called} is NaN or infinite. Leave it out.", field=name)
    return value


def _text(name: str, value: Any) -> str:
    text = str(value or "").strip()
    if len(text) > MAX_TEXT:
        raise Refused(f"Use at most {MAX_TEXT} characters.", field=name)
    if name == "evaluation" and text and not is_web_address(text):
        raise Refused("Use an address that starts with https:// or http://.", field=name)
    return text


def is_web_address(text: str) -> bool:
    """Return True for an address of the web, which is safe as a link."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def _entries(name: str, value: Any) -> list[dict[str, str]]:
    """Return the columns of a data schema, or the feature steps."""
    noun, most = ("column", MAX_COLUMNS) if name == "data_schema" else ("step", MAX_STEPS)
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise Refused("Send a list.", field=name)
    if len(value) > most:
        raise Refused(f"Use at most {most} {noun}s.", field=name)
    called, described = KEYS[name]
    entries: list[dict[str, str]] = []
    for row in value:
        title, text = str(row.get(called, "")).strip(), str(row.get(described, "")).strip()
        if not 1 <= len(title) <= MAX_NAME or ":" in title:
            raise Refused(
                f"Give each {noun} a name of up to {MAX_NAME} characters, without a colon.", field=name
            )
        if len(text) > MAX_TEXT:
            raise Refused(f"“{title}”: use at most {MAX_TEXT} characters.", field=name)
        if any(title == entry[called] for entry in entries):
            raise Refused(f"“{title}” is there twice. Give each {noun} its own name.", field=name)
        entries.append({called: title, described: text})
    return entries


def _is_deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most + 1):
        level = [inner for inner in level if isinstance(inner, dict | list)]
        if not level:
            return False
        level = [one for inner in level for one in (inner.values() if isinstance(inner, dict) else inner)]
    return True


# ------------------------------------------------------------------ as lines of text, for forms


def as_lines(entries: Sequence[Mapping[str, str]], name: str) -> str:
    """Return entries as one line each: `income: number`. name: a key of KEYS."""
    called, described = KEYS[name]
    return "\n".join(
        f"{entry[called]}: {entry[described]}" if entry[described] else entry[called] for entry in entries
    )


def from_lines(text: str, name: str) -> list[dict[str, str]]:
    """Return the entries of a text with one line each, without empty lines."""
    called, described = KEYS[name]
    pairs = (line.partition(":") for line in text.splitlines() if line.strip())
    return [{called: title.strip(), described: rest.strip()} for title, _, rest in pairs]
