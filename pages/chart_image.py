"""A chart as one file of its own: SVG with its colours and labels in it, and the same as PNG.

A page draws its charts with the style sheet (pages/charts.py); a file has none.
"""

from pathlib import Path
from typing import Any

import resvg_py
from django.template.loader import render_to_string

from pages.charts import drawing

# The plot is 1,000 wide, because the paths of pages.charts are.
LEFT, RIGHT, TOP, BOTTOM, PLOT = 70, 24, 46, 64, 1000
WIDTH = LEFT + PLOT + RIGHT
HEIGHT = 320
COLOURS = {"strong": "#4a43c6", "quiet": "#6b7080", "warm": "#b45309", "good": "#0b6b4f"}
LIMIT_COLOURS = {"critical": "#9a0f37", "warning": "#7a4f00", "clear": "#0b6b4f", "mute": "#6b7080"}
# The font of the pages. PNG is drawn with it, because a server may have no fonts.
FONT = Path(__file__).with_name("fonts") / "inter-latin.ttf"


def svg(**chart: Any) -> str:
    """Return the drawing. chart: the arguments of pages.charts.line_chart(), without key and height."""
    shown = drawing(key="file", height=HEIGHT, **chart)
    context = {
        "width": WIDTH,
        "height": TOP + HEIGHT + BOTTOM,
        "left": LEFT,
        "top": TOP,
        "plot": PLOT,
        "bottom": HEIGHT,
        "title": chart["title"],
        "unit": chart.get("unit", ""),
        "shown": shown and _placed(shown),
    }
    return render_to_string("kit/chart.svg", context)


def png(**chart: Any) -> bytes:
    """Return svg() as an image of twice its size in pixels."""
    drawn = resvg_py.svg_to_bytes(
        svg_string=svg(**chart),
        width=2 * WIDTH,
        skip_system_fonts=True,
        font_files=[str(FONT)],
        font_family="Inter",
        sans_serif_family="Inter",
    )
    return bytes(drawn)


def _placed(shown: dict[str, Any]) -> dict[str, Any]:
    """Return what is drawn with x in units of the file instead of per cent, and with its colours."""
    return shown | {
        "ticks": [tick | {"x": tick["x"] * 10} for tick in shown["ticks"]],
        "limits": [limit | {"colour": LIMIT_COLOURS[limit["kind"]]} for limit in shown["limits"]],
        "spans": [
            span | {"x": span["x"] * 10, "width": span["width"] * 10, "colour": LIMIT_COLOURS[span["kind"]]}
            for span in shown["spans"]
        ],
        "marks": [mark | {"x": mark["x"] * 10} for mark in shown["marks"]],
        "lines": [
            line | {"colour": COLOURS[line["style"]], "legend_x": LEFT + 220 * place}
            for place, line in enumerate(shown["lines"])
        ],
    }
