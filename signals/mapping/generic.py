"""Parse a body of any JSON shape by the mapping that its source stores.

    {"makes": "points", "items": "results", "model": "=credit-pd", "metric": "name", "value": "stats/mean",
     "ts": "/run/finished_at"}
    {"makes": "alerts", "items": "results", "model": "=credit-pd", "rule": "unique_id", "status": "status",
     "statuses": {"fail": "critical", "warn": "warning", "pass": "resolved", "skipped": "ignore"}}

`items` is the path of the list whose entries are the items; "" means the body. An object instead of a list
is one item. A field is a path in the item ("stats/mean"), a path in the body ("/run/finished_at"), or a text
("=credit-pd"). A "/" in a name is written "~1", a "~" is "~0".

`members` is a pattern such as "{feature}.{metric}.value": each member of an item with such a path is a point,
and the pattern names its feature, metric or slice.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from signals.mapping import labels
from signals.mapping.alertmanager import MAX_ALERTS, MAX_RULE, ParsedAlert, ParsedBody
from signals.mapping.points import MAX_POINTS, MAX_TEXT, Reading
from signals.mapping.points import read as read_points
from signals.mapping.reports import is_number, report_time, seconds_of
from signals.mapping.text import Unusable, number_of_annotation, text
from signals.states import BreachLevel

POINT_FIELDS = ("model", "metric", "value", "ts", "feature", "slice", "kind", "unit")
ALERT_FIELDS = ("model", "rule", "status", "severity", "feature", "kind", "value", "limit", "summary")
RESOLVED, IGNORE = "resolved", "ignore"
STATUSES = ("warning", "critical", RESOLVED, IGNORE)
_PLACES = {"feature": "[^/]+", "slice": "[^/]+", "metric": ".+"}
MAX_LONG_RULE = 10_000  # characters; a rule longer than MAX_RULE is shortened
_MAX_DEPTH = 8
_LARGEST_SECONDS = 100_000_000_000  # a larger number is milliseconds


def read_reading(
    body: Any, mapping: Mapping[str, Any], *, model: str = "", at: datetime
) -> tuple[Reading, list[str]]:
    """Parse a body into points. Returns them and where each one was. model: named by the address.

    Raises Unusable if the body has another shape.
    """
    found: list[dict[str, Any]] = []
    paths: list[str] = []
    for path, item in _items(body, mapping):
        for place, point in _points_of(item, body, mapping, at):
            if model:
                point["model"] = model
            found.append(point)
            paths.append("/".join(filter(None, (path, place))))
            if len(found) > MAX_POINTS:
                raise Unusable("items", f"More than {MAX_POINTS} points in one body. Send smaller bodies.")
    if not found:
        raise Unusable("items", "The body has no values at the paths of the mapping.")
    _refuse_undated(found)
    return read_points({"points": [_dated(point, at) for point in found]}, at=at), paths


def read_alerts(body: Any, mapping: Mapping[str, Any], *, model: str = "", at: datetime) -> ParsedBody:
    """Parse a body into alerts: each item is a check that failed or passed. Raises as read_reading()."""
    items = list(_items(body, mapping))
    if len(items) > MAX_ALERTS:
        raise Unusable("items", f"More than {MAX_ALERTS} checks in one body. Send smaller bodies.")
    parsed = ParsedBody(count=len(items))
    for index, (_, item) in enumerate(items):
        try:
            fields = {name: _as_text(_field(item, body, mapping, name)) for name in ALERT_FIELDS}
            fields["model"] = model or fields["model"]
            if isinstance(fields["summary"], list | dict):  # a failing value may be anything
                fields["summary"] = json.dumps(fields["summary"], ensure_ascii=False)
            parsed.alerts.append(_alert(index, fields, mapping, at))
        except Unusable as error:
            parsed.refused[index] = error.without_frames()
    parsed.alerts = _failed_first(parsed.alerts)
    return parsed


def _failed_first(alerts: list[ParsedAlert]) -> list[ParsedAlert]:
    """Let a check that failed apply to all its items: one of the same body that passed does not end it.

    Great Expectations may expect two things of one column by the same rule, with different limits.
    """
    failed = {alert.fingerprint: alert for alert in alerts if alert.is_firing and not alert.is_ignored}
    return [
        replace(failed[alert.fingerprint], item=alert.item)
        if alert.is_passed and alert.fingerprint in failed
        else alert
        for alert in alerts
    ]


# ---------------------------------------------------------- paths


def value_at(start: Any, path: str) -> Any:
    """Return the value at a path, None if there is none."""
    value = start
    for name in parts_of(path):
        if isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, list) and name.isascii() and name.isdigit() and len(name) < 6:
            value = value[int(name)] if int(name) < len(value) else None
        else:
            return None
    return value


def parts_of(path: str) -> list[str]:
    stripped = path.strip("/")
    return [part.replace("~1", "/").replace("~0", "~") for part in stripped.split("/")] if stripped else []


def _field(item: Any, body: Any, mapping: Mapping[str, Any], name: str) -> Any:
    """Return the value of a mapped field, None without a mapping or a value."""
    source = mapping.get(name) or ""
    if source.startswith("="):
        return source[1:].strip()
    if not source:
        return None
    return value_at(body, source) if source.startswith("/") else value_at(item, source)


def _items(body: Any, mapping: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the path and the value of each item. Raises Unusable if there is nothing at the path."""
    path = mapping.get("items") or ""
    items = value_at(body, path)
    if isinstance(items, Mapping):
        yield path, items
    elif isinstance(items, list):
        for index, item in enumerate(items):
            yield f"{path}[{index}]", item
    else:
        raise Unusable(path or "body", "The mapping expects a list or an object here.")


# ---------------------------------------------------------- points


def _points_of(
    item: Any, body: Any, mapping: Mapping[str, Any], at: datetime
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the points of an item, each with the path of its value in the item."""
    fields = {name: _field(item, body, mapping, name) for name in POINT_FIELDS}
    fields["ts"] = _time(fields["ts"], at)
    members = mapping.get("members") or ""
    if not members:
        yield mapping.get("value", ""), _point(fields)
        return
    pattern = pattern_of(members)
    for path, value in _leaves(item):
        match = pattern.fullmatch(path) if len(path) <= 400 else None
        if match and value is not None and not isinstance(value, bool | str):
            yield path, _point({**fields, **match.groupdict(), "value": value})


def pattern_of(members: str) -> re.Pattern[str]:
    """Return the regular expression of a pattern such as "{feature}.{metric}.value"."""
    pieces = re.split(r"\{(feature|slice|metric)\}", members)
    return re.compile(
        "".join(
            f"(?P<{piece}>{_PLACES[piece]})" if index % 2 else re.escape(piece)
            for index, piece in enumerate(pieces)
        )
    )


def _leaves(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and depth < _MAX_DEPTH:
        for name, member in value.items():
            yield from _leaves(member, f"{path}/{name}" if path else str(name), depth + 1)
    elif path and not isinstance(value, list | Mapping):
        yield path, value


def _point(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a point as a body of points has it. Names that are numbers become texts."""
    named = {name: _as_text(value) for name, value in fields.items() if name not in {"value", "ts"}}
    return {"value": fields["value"], "ts": fields["ts"], **{k: v for k, v in named.items() if v is not None}}


def _as_text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, bool | int | float) else value


def _time(value: Any, at: datetime) -> Any:
    """Return a time as points take it. None stays None: the body does not date this point."""
    if value in (None, ""):
        return None
    if is_number(value):
        return seconds_of(value) if value > _LARGEST_SECONDS else value
    return report_time(value, at)


def _refuse_undated(points: list[dict[str, Any]]) -> None:
    """Refuse bodies with several values of one series and no time: they would replace each other."""
    names = Counter(
        tuple(str(point.get(name)) for name in ("model", "metric", "feature", "slice"))
        for point in points
        if point["ts"] is None and point.get("metric") and is_number(point["value"])
    )
    if any(number > 1 for number in names.values()):
        raise Unusable("ts", "Several values of one series have no time. Map the field with their time.")


def _dated(point: dict[str, Any], at: datetime) -> dict[str, Any]:
    return point if point["ts"] is not None else {**point, "ts": report_time(None, at)}


# ---------------------------------------------------------- alerts


def _alert(index: int, fields: Mapping[str, Any], mapping: Mapping[str, Any], at: datetime) -> ParsedAlert:
    status = _status(fields["status"], mapping)
    rule = _shortened(text(fields["rule"], "rule", longest=MAX_LONG_RULE, is_needed=True))
    model_name = text(fields["model"], "model", longest=MAX_TEXT)
    feature = text(fields["feature"], "feature", longest=MAX_TEXT)
    named = {name: fields[name] for name in ("severity", "kind") if isinstance(fields[name], str)}
    level = BreachLevel.CRITICAL if status == "critical" else BreachLevel.WARNING
    if named.get("severity") and status not in {RESOLVED, IGNORE}:
        level_or_none = labels.level_of(named, {"severities": mapping.get("severities") or {}})
        status, level = (IGNORE, level) if level_or_none is None else (status, level_or_none)
    summary = text(fields["summary"], "summary", longest=1_000_000, has_lines=True)[:4_000]
    shown = {"alertname": rule, "model": model_name, "feature": feature, **named}
    return ParsedAlert(
        item=index,
        fingerprint=fingerprint_of(model_name, rule, feature),
        is_firing=status != RESOLVED,
        starts_at=None,
        ends_at=at if status == RESOLVED else None,
        rule=rule,
        model_name=model_name,
        feature=feature,
        kind=labels.kind_of(named, {"kinds": mapping.get("kinds")}, rule),
        level=level,
        labels={name: value for name, value in shown.items() if value},
        annotations={"summary": summary} if summary else {},
        generator_url="",
        value=number_of_annotation(fields["value"]) if isinstance(fields["value"], str) else None,
        limit=number_of_annotation(fields["limit"]) if isinstance(fields["limit"], str) else None,
        is_ignored=status == IGNORE,
        is_passed=status == RESOLVED,
    )


def _shortened(rule: str) -> str:
    """Return a rule in at most MAX_RULE characters: its start, and a hash that keeps it apart from others.

    dbt names a test by the values that it accepts.
    """
    if len(rule) <= MAX_RULE:
        return rule
    hashed = hashlib.sha256(rule.encode()).hexdigest()[:8]
    return f"{rule[: MAX_RULE - 9]}…{hashed}"


def resolved(index: int, fingerprint: str, rule: str, named: Mapping[str, str], at: datetime) -> ParsedAlert:
    """Return the end of an alert that a complete body does not contain any more. named: its labels."""
    return ParsedAlert(
        item=index,
        fingerprint=fingerprint,
        is_firing=False,
        starts_at=None,
        ends_at=at,
        rule=rule,
        model_name=named.get("model", ""),
        feature=named.get("feature", ""),
        kind=labels.kind_of(named, {}, rule),
        level=BreachLevel.WARNING,
        labels=dict(named),
        annotations={},
        generator_url="",
    )


def _status(value: Any, mapping: Mapping[str, Any]) -> str:
    """Return what a status means, one of STATUSES. Raises Unusable for one that the mapping does not know."""
    told = text(value, "status", longest=MAX_TEXT, is_needed=True)
    statuses = {name.lower(): status for name, status in (mapping.get("statuses") or {}).items()}
    status = statuses.get(told.lower())
    if status is None:
        raise Unusable("status", f"The mapping does not say what the status “{told}” means.")
    return str(status)


def fingerprint_of(model_name: str, rule: str, feature: str) -> str:
    """Return what identifies a check of a model: the same check of the next run has the same one."""
    identity = json.dumps([model_name, rule, feature])
    return "~" + hashlib.sha256(identity.encode()).hexdigest()[:32]


# ---------------------------------------------------------- the mapping itself


def check_mapping(mapping: Any) -> None:
    """Raise Unusable, with the field, for a mapping that cannot be used. An empty one is not built yet."""
    if not isinstance(mapping, dict):
        raise Unusable("mapping", "Use an object with makes, items and the fields.")
    if not mapping:
        return
    makes = mapping.get("makes")
    if makes not in ("points", "alerts"):
        raise Unusable("makes", "Use points or alerts.")
    fields = POINT_FIELDS if makes == "points" else ALERT_FIELDS
    special = ("members",) if makes == "points" else ("statuses", "severities", "kinds", "is_complete")
    known = {"makes", "items", *special, *fields}
    if unknown := sorted(set(mapping) - known):
        raise Unusable(str(unknown[0])[:80], f"Unknown field of {makes}. Known: {', '.join(sorted(known))}.")
    for name in ("items", "members", *fields):
        if not isinstance(mapping.get(name, ""), str) or len(mapping.get(name, "")) > 400:
            raise Unusable(name, "Use a path of at most 400 characters, or a text after “=”.")
    if not isinstance(mapping.get("is_complete", False), bool):
        raise Unusable("is_complete", "Use true or false.")
    _check_members(mapping)
    _check_statuses(mapping)
    labels.check_severities(mapping.get("severities", {}))
    labels.check_kinds(mapping.get("kinds", {}))


def _check_members(mapping: Mapping[str, Any]) -> None:
    members = mapping.get("members", "")
    named: set[str] = set()
    if members:
        named = set(re.findall(r"\{(\w+)\}", members))
        if not named or named - set(_PLACES) or len(re.findall(r"\{", members)) != len(named):
            raise Unusable("members", "Use {feature}, {metric} and {slice}, each once at most.")
    if members and mapping["makes"] == "points":
        named.add("value")
    needed = ("rule", "status") if mapping["makes"] == "alerts" else ("metric", "value")
    for name in needed:
        if name not in named and not mapping.get(name):
            raise Unusable(name, "This field is required.")


def _check_statuses(mapping: Mapping[str, Any]) -> None:
    statuses = mapping.get("statuses", {})
    if not isinstance(statuses, dict) or not all(
        isinstance(status, str) and status in STATUSES for status in statuses.values()
    ):
        raise Unusable("statuses", f"Map each status to {', '.join(STATUSES)}.")
    if mapping["makes"] == "alerts" and not statuses:
        raise Unusable("statuses", f"Map each status of the tool to {', '.join(STATUSES)}.")
