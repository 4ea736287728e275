"""The chart of a digest: a metric of the last two weeks with its limit, as a PNG and as a sentence."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import resvg_py

WIDTH, HEIGHT, SCALE = 544, 160, 2
_LEFT, _TOP = 8, 10
# Colours that are readable on the light and on the dark background of a mail: the image has its own.
_BACK, _LINE, _LIMIT, _GRID = "#ffffff", "#4a43c6", "#9a0f37", "#e5e5eb"


def sentence(title: str, values: Sequence[float | None], limit: float | None) -> str:
    """Return the text alternative: what the line does, and where its limit is."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    first, last = known[0], known[-1]
    course = "stayed at" if first == last else "rose from" if last > first else "fell from"
    moved = f"{course} {first:.4g}" + ("" if first == last else f" to {last:.4g}")
    span = f"between {min(known):.4g} and {max(known):.4g}"
    text = f"Line chart of the last {len(values)} days: {title} {moved}, {span}"
    if limit is None:
        return f"{text}."
    side = "above" if last > limit else "below" if last < limit else "at"
    return f"{text}. It is {side} the limit of {limit:.4g}."


def png(chart: Mapping[str, Any]) -> bytes:
    """Return the image of the chart of a digest (digest.content). The same chart is drawn once."""
    return _png(tuple(chart["values"]), chart["limit"])


@lru_cache(maxsize=256)
def _png(values: tuple[float | None, ...], limit: float | None) -> bytes:
    drawn = resvg_py.svg_to_bytes(svg_string=svg(values, limit), width=WIDTH * SCALE)
    return bytes(drawn)


def svg(values: Sequence[float | None], limit: float | None) -> str:
    """Return the drawing, without text, because a server may lack fonts. The mail has the text beside it."""
    known = [value for value in values if value is not None]
    levels = [*known, *([limit] if limit is not None else [])]
    low, high = min(levels), max(levels)
    span = (high - low) or abs(high) or 1.0
    low, high = low - span * 0.08, high + span * 0.08

    def x(position: int) -> float:
        return _LEFT + position * (WIDTH - 2 * _LEFT) / max(1, len(values) - 1)

    def y(value: float) -> float:
        return _TOP + (high - value) * (HEIGHT - 2 * _TOP) / (high - low)

    grid = "".join(
        f'<path d="M{_LEFT} {line:.1f}H{WIDTH - _LEFT}" stroke="{_GRID}" stroke-width="1"/>'
        for line in (_TOP, HEIGHT / 2, HEIGHT - _TOP)
    )
    bound = ""
    if limit is not None:
        top = y(limit)
        bound = (
            f'<path d="M{_LEFT} {top:.1f}H{WIDTH - _LEFT}" stroke="{_LIMIT}" stroke-width="1.5" '
            f'stroke-dasharray="6 4"/>'
        )
    points = [(x(place), y(value)) for place, value in enumerate(values) if value is not None]
    path = "L".join(f"{across:.1f} {down:.1f}" for across, down in points)
    across, down = points[-1]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" fill="none">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="{_BACK}"/>{grid}{bound}'
        f'<path d="M{path}" stroke="{_LINE}" stroke-width="2.5" stroke-linejoin="round"/>'
        f'<circle cx="{across:.1f}" cy="{down:.1f}" r="4" fill="{_LINE}"/></svg>'
    )
