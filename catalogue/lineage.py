"""The places of the boxes and lines of a drawn lineage, from the left to the right. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

BOX_WIDTH, BOX_HEIGHT = 184, 44
_GAP_X, _GAP_Y, _MARGIN = 56, 14, 8
_MOST_LETTERS = 25


@dataclass(frozen=True, slots=True)
class Node:
    """A thing in a lineage. key: unique in it. kind: its class, such as version. note: a second line."""

    key: str
    kind: str
    label: str
    note: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A node with its place, in pixels."""

    node: Node
    x: int
    y: int

    @property
    def short_label(self) -> str:
        return _cut(self.node.label)

    @property
    def short_note(self) -> str:
        return _cut(self.node.note)


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes, and the path of the line of each edge."""

    width: int
    height: int
    boxes: Sequence[Box]
    paths: Sequence[str]


def drawn(nodes: Sequence[Node], edges: Iterable[tuple[str, str]]) -> Drawing:
    """Return the drawing. edges: (from, to) as keys; those of unknown keys are left out.

    A node is one column behind the last of those it comes from. One that comes from nothing is one column
    before the first that comes from it, so that its line crosses no box. A circle ends at its second visit.
    Within a column a node is near the nodes that it comes from, and those that come from nothing are last.
    """
    known = {node.key for node in nodes}
    edges = [(start, end) for start, end in edges if start in known and end in known and start != end]
    sources: dict[str, list[str]] = defaultdict(list)
    for start, end in edges:
        sources[end].append(start)
    columns = _columns(nodes, sources)
    for start in {start for start, _ in edges if not sources.get(start)}:
        columns[start] = min(columns[end] for one, end in edges if one == start) - 1
    places: dict[str, tuple[int, int]] = {}
    rows: dict[int, list[Node]] = defaultdict(list)
    for node in nodes:
        rows[columns[node.key]].append(node)
    order = {node.key: float(place) for place, node in enumerate(nodes)}
    for column in sorted(rows):
        rows[column].sort(key=lambda node: (_middle(sources[node.key], places), order[node.key]))
        for row, node in enumerate(rows[column]):
            places[node.key] = (column, row)
    boxes = [Box(node, *_corner(*places[node.key])) for node in nodes]
    corners = {box.node.key: (box.x, box.y) for box in boxes}
    right, bottom = max((box.x for box in boxes), default=0), max((box.y for box in boxes), default=0)
    return Drawing(
        width=right + BOX_WIDTH + _MARGIN,
        height=bottom + BOX_HEIGHT + _MARGIN,
        boxes=boxes,
        paths=[_path(corners[start], corners[end]) for start, end in edges],
    )


def _columns(nodes: Sequence[Node], sources: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return key -> column. Without recursion, because versions can form a long chain."""
    columns: dict[str, int] = {}
    for node in nodes:
        path, open_keys = [node.key], {node.key}
        while path:
            key = path[-1]
            waiting = [one for one in sources.get(key, ()) if one not in columns and one not in open_keys]
            if waiting:
                path.append(waiting[0])
                open_keys.add(waiting[0])
                continue
            behind = [columns[one] + 1 for one in sources.get(key, ()) if one in columns]
            columns[key] = max(behind, default=0)
            path.pop()
            open_keys.discard(key)
    return columns


def _middle(keys: Sequence[str], places: Mapping[str, tuple[int, int]]) -> float:
    rows = [places[key][1] for key in keys if key in places]
    return sum(rows) / len(rows) if rows else float("inf")


def _corner(column: int, row: int) -> tuple[int, int]:
    return _MARGIN + column * (BOX_WIDTH + _GAP_X), _MARGIN + row * (BOX_HEIGHT + _GAP_Y)


def _path(start: tuple[int, int], end: tuple[int, int]) -> str:
    x, y = start[0] + BOX_WIDTH, start[1] + BOX_HEIGHT // 2
    to_x, to_y = end[0], end[1] + BOX_HEIGHT // 2
    half = (to_x - x) // 2
    return f"M{x} {y}C{x + half} {y} {to_x - half} {to_y} {to_x} {to_y}"


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else f"{text[: _MOST_LETTERS - 1]}…"
