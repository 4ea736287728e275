"""Malformed payloads: examples of what tools send, with parts replaced, left out, doubled or broken.

A seed gives the same payloads again.
"""

import copy
import gzip
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

_EXAMPLES = Path(__file__).resolve().parent.parent / "tests" / "signals"
_MOST_ITEMS = 4  # of a list in an example: small bodies, many variants
_DEEP: Any = 1
for _ in range(60):
    _DEEP = [_DEEP]
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 0.5, -0.0, 1e308, 5e-324, 2**31, 2**63, 2**64, 10**25, 10**400),
    *(float("nan"), float("inf"), float("-inf")),
    *("", " ", "NaN", "Infinity", "null", "0", "-1", "1e999", "x" * 130, "x" * 5_000, "x" * 70_000),
    *("\x00", "a\x00b", "\ud800", "\u202e", "\u200b", "é" * 60, "\U0001f600" * 60, "信用モデル", "a\nb\tc"),
    *("<script>alert(1)</script>", "=1+1", "'; DROP TABLE x; --", "../../etc/passwd", "%s %d {} {0}"),
    *(
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-02-30T00:00:00Z",
    ),
    *(
        "2026-11-23",
        "2026-11-23T10:00:00",
        "2026-W48-1",
        "2026-11-23T10:00:00.123456789Z",
        "20261123T100000Z",
    ),
    *("firing", "resolved", "critical", "info", "=credit-pd", "/a/b", "~1~0", "{feature}.{metric}"),
    *([], {}, [[]], {"": ""}, {"\x00": 1}, {"\ud800": {}}, [None], [{}], {"a": {"a": {"a": []}}}, _DEEP),
    ["x"] * 200,
    {f"label{number}": str(number) for number in range(150)},
)
_TYPES = ("application/json", "", "application/x-ndjson", "text/plain", "application/json; charset=latin-1")


@dataclass(frozen=True)
class Payload:
    """A request. query: of its address, with "?"."""

    query: str
    headers: dict[str, str]
    body: bytes


def payloads(
    examples: list[Any], seed: str, *, parameters: Mapping[str, str], is_lines: bool = False
) -> Iterator[Payload]:
    """Yield payloads without end. is_lines: NDJSON, with one item of an example a line.

    parameters: those of the address that most payloads have, with a valid value of each.
    """
    media_type = "application/x-ndjson" if is_lines else "application/json"
    rng = random.Random(seed)
    while True:
        example = _shortened(copy.deepcopy(rng.choice(examples)), rng)
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3, 6))):
            example = _mutated(example, rng)
        headers = {"Content-Type": rng.choice(_TYPES) if rng.random() < 0.05 else media_type}
        lines = example if is_lines and isinstance(example, list) else [example]
        is_ascii = rng.random() < 0.9
        raw = b"\n".join(json.dumps(line, ensure_ascii=is_ascii).encode(errors="replace") for line in lines)
        if rng.random() < 0.1:
            raw = _broken(raw, rng)
        if rng.random() < 0.05:
            headers["Content-Encoding"] = rng.choice(("gzip", "gzip", "identity", "br"))
            raw = gzip.compress(raw) if rng.random() < 0.5 else raw
        if rng.random() < 0.002:
            raw = _large(rng)
            headers["Content-Encoding"] = rng.choice(("gzip", "identity"))
        yield Payload(_query(parameters, rng), headers, raw)


def examples_of(*patterns: str) -> list[Any]:
    """Return the bodies in the files of these patterns, below the tests of signals."""
    files = sorted(file for pattern in patterns for file in _EXAMPLES.glob(pattern))
    if not files:
        raise FileNotFoundError(f"No example matches {patterns}.")
    return [_body(json.loads(file.read_text())) for file in files]


def _body(captured: Any) -> Any:
    """Return the body of a captured request, or the file itself."""
    is_captured = isinstance(captured, dict) and "body_raw" in captured
    return json.loads(captured["body_raw"]) if is_captured else captured


def _shortened(value: Any, rng: random.Random) -> Any:
    """Return the value with at most _MOST_ITEMS of each list."""
    if isinstance(value, list):
        kept = value if len(value) <= _MOST_ITEMS else rng.sample(value, _MOST_ITEMS)
        return [_shortened(one, rng) for one in kept]
    if isinstance(value, dict):
        return {name: _shortened(one, rng) for name, one in value.items()}
    return value


def _places(value: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:
    """Yield each container with each of its keys or positions."""
    if depth > 12:
        return
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key], depth + 1)


def _mutated(value: Any, rng: random.Random) -> Any:
    """Change one place of a value. Returns the value, or another one."""
    places = list(_places(value))
    if not places or rng.random() < 0.02:
        return copy.deepcopy(rng.choice(ODD))
    container, key = rng.choice(places)
    what = rng.random()
    if what < 0.6:
        container[key] = copy.deepcopy(rng.choice(ODD))
    elif what < 0.75:
        del container[key]
    elif what < 0.85:
        other, place = rng.choice(places)
        container[key] = copy.deepcopy(other[place]) if _has(other, place) else None
    elif isinstance(container, list):
        container.append(copy.deepcopy(container[key]))
    else:
        odd = rng.choice([name for name in ODD if isinstance(name, str)])
        container[odd] = container.pop(key) if rng.random() < 0.5 else copy.deepcopy(container[key])
    return value


def _has(container: Any, key: Any) -> bool:
    return key in container if isinstance(container, dict) else key < len(container)


def _broken(raw: bytes, rng: random.Random) -> bytes:
    """Return bytes that are cut, changed, doubled or mixed with others."""
    place = rng.randrange(len(raw) + 1)
    return rng.choice(
        (
            raw[:place],
            raw[place:],
            raw + raw,
            raw[:place] + rng.randbytes(3) + raw[place:],
            raw.replace(b'"', b"'"),
            raw.replace(b":", b":-", 1),
            b"\xef\xbb\xbf" + raw,
            raw.decode().encode("utf-16"),
            b"[" * rng.choice((60, 2_000, 100_000)),
            b"",
            b"\n".join([raw] * 3),
        )
    )


def _large(rng: random.Random) -> bytes:
    """Return a body above a limit: of items, of bytes, or of bytes after it is unzipped."""
    item = b'{"model":"m","metric":"x","ts":1795436696,"value":1}'
    return rng.choice(
        (
            b'{"points":[' + b",".join([item] * 10_001) + b"]}",
            b'{"alerts":[' + b",".join([b"{}"] * 100_000) + b"]}",
            b'"' + b"x" * (8 * 1024 * 1024 + 1) + b'"',
            gzip.compress(b" " * (64 * 1024 * 1024)),
        )
    )


def _query(parameters: Mapping[str, str], rng: random.Random) -> str:
    """Return the parameters in 70 of 100 addresses, and an odd or unknown one in 10 of 100."""
    named = dict(parameters) if rng.random() < 0.7 else {}
    if rng.random() < 0.1:
        odd = [text for text in ODD if isinstance(text, str) and len(text) < 200]
        named[rng.choice(("model", "ts", "source", "x"))] = rng.choice(odd)
    return "?" + "&".join(f"{name}={quote(text.encode(errors='replace'))}" for name, text in named.items())
