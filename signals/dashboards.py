"""The panels of dashboards and the periods they show. Pure: this module reads and writes no rows.

A panel is {"kind": a PanelKind, "title": text, "series": [ids], "models": [ids], "metric": text}. Which keys
it needs depends on its kind:

    figures   series (1 to 12): latest value, change in a week, limit
    series    series (1 to 4): lines in one chart, with the limits of the first one that has any
    grid      models (1 to 4) and a metric: the last value of each day of each feature
    risks     models (1 to 12): their live risks, worst first
    breaches  models (1 to 12): when their breaches were open; signal: only those of this SignalKind
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode

from kit.refusals import Refused
from kit.texts import one_line
from signals.states import PanelKind, SignalKind

MAX_PANELS = 24
MAX_TITLE = 120
# kind -> (key of the objects it shows, how many it may have)
_OBJECTS = {
    PanelKind.FIGURES: ("series", 12),
    PanelKind.SERIES: ("series", 4),
    PanelKind.GRID: ("models", 4),
    PanelKind.BREACHES: ("models", 12),
    PanelKind.RISKS: ("models", 12),
}
RELATIVE = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
LONGEST = timedelta(days=3660)
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ChartPeriod:
    """What a page of charts shows: [start, end). days: the choice of a relative period, None for another.

    is_compared: the same length of time before it is drawn, too, or the one from `compared_from`, which
    compared_name names.
    """

    start: datetime
    end: datetime
    days: int | None = None
    is_compared: bool = False
    compared_from: datetime | None = None
    compared_name: str = "the period before"

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    @property
    def query(self) -> str:
        """Return the query with which a page shows the same period again."""
        return urlencode({"from": self.start.isoformat(), "until": self.end.isoformat()})

    @property
    def before(self) -> "ChartPeriod":
        """Return the period that is compared: of the same length, and by default just before this one."""
        start = self.compared_from or self.start - self.length
        return ChartPeriod(start, start + self.length)


def period_of(start: str, end: str, *, at: datetime, zone: tzinfo) -> ChartPeriod:
    """Return the period between two texts. Raises Refused(field="from" or "until").

    A text is a moment as in ISO 8601, in `zone` unless it names an offset, or relative to `at`: "-7d",
    "-36h", "-90min", "now". end: "" for now.
    """
    since = _moment(start, "from", at, zone)
    until = _moment(end, "until", at, zone) if end else at
    if since >= until:
        raise Refused("The end must be later than the start.", field="until")
    if until - since > LONGEST:
        raise Refused("Choose at most ten years.", field="from")
    return ChartPeriod(since, until)


def _moment(text: str, field: str, at: datetime, zone: tzinfo) -> datetime:
    text = text.strip()
    if text == "now":
        return at
    for unit, length in RELATIVE.items():
        number = text.removeprefix("-").removesuffix(unit)
        if text.startswith("-") and text.endswith(unit) and number.isdecimal() and len(number) <= 6:
            return max(at - int(number) * length, _EARLIEST)
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused("Use a date and time such as 2026-11-23T10:00, or -7d.", field=field) from None
    if not _EARLIEST <= moment < _LATEST:
        raise Refused("Use a time from 1970 to 2199.", field=field)
    return moment


def checked(panels: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the panels as they are stored. Raises Refused(field="panels"), which names the panel."""
    if not 1 <= len(panels) <= MAX_PANELS:
        raise Refused(f"A dashboard has 1 to {MAX_PANELS} panels.", field="panels")
    return [_checked(number, panel) for number, panel in enumerate(panels, start=1)]


def _checked(number: int, panel: Mapping[str, Any]) -> dict[str, Any]:
    kind, title = panel.get("kind"), " ".join(one_line(str(panel.get("title") or "")).split())
    if kind not in PanelKind.values:
        raise _wrong(number, f"use one of the kinds {', '.join(PanelKind.values)}.")
    if len(title) > MAX_TITLE:
        raise _wrong(number, f"use a title of at most {MAX_TITLE} characters.")
    name, most = _OBJECTS[PanelKind(kind)]
    ids = list(dict.fromkeys(panel.get(name) or ()))
    if not 1 <= len(ids) <= most or not all(isinstance(pk, int) for pk in ids):
        raise _wrong(number, f"choose 1 to {most} {name}.")
    checked_panel = {"kind": str(kind), "title": title, name: ids}
    if kind == PanelKind.GRID:
        metric = str(panel.get("metric") or "").strip()
        if not 1 <= len(metric) <= 120:
            raise _wrong(number, "name the metric that the grid shows.")
        checked_panel["metric"] = metric
    if kind == PanelKind.BREACHES and panel.get("signal"):
        if panel["signal"] not in SignalKind.values:
            raise _wrong(number, f"use one of the signals {', '.join(SignalKind.values)}.")
        checked_panel["signal"] = str(panel["signal"])
    return checked_panel


def _wrong(number: int, fix: str) -> Refused:
    return Refused(f"Panel {number}: {fix}", field="panels")


def ids_in(panels: Iterable[Mapping[str, Any]], name: str) -> list[int]:
    """Return the ids of all series, or of all models, that the panels name, each once."""
    return list(dict.fromkeys(pk for panel in panels for pk in panel.get(name, ())))
