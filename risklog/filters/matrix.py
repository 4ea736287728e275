"""Filters by the matrix: the level and the cell of risks. The list of appetites."""

import re
from collections.abc import Sequence

from django.db.models import Q

from kit.sight import Visitor
from lists import filtering
from lists.specification import Filter, ListSpec, Order, Reader
from risklog.models import Category
from risklog.models.matrix import in_cells, present_matrix

APPETITES = ListSpec(
    filters={
        "category": filtering.slug(
            "Category", "category", Category.objects.visible_to, help="The slug of a category."
        ),
        "is_retired": filtering.flag("Removed", Q(is_retired=True), "true: only removed ones; false: none."),
    },
    orders={"id": Order("Oldest", ("id",)), "-id": Order("Newest", ("-id",))},
)


def _level(text: str) -> int:
    if text not in {"1", "2", "3", "4", "5"}:
        raise ValueError("Use a level from 1 to 5.")
    return int(text)


def _levels(user: Visitor) -> list[tuple[str, str]]:
    """Return the levels with the names of the organisation, the highest first."""
    levels = present_matrix().levels
    return [(str(number), name) for number, name in sorted(levels.items(), reverse=True)]


def _level_names(values: Sequence[int], user: Visitor) -> dict[str, str]:
    levels = present_matrix().levels
    return {str(number): levels[number] for number in values}


def _of_levels(values: Sequence[int], reader: Reader) -> Q:
    """Risks in a cell of these levels."""
    return in_cells(present_matrix().cells_of(values))


def _cell(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([1-5])x([1-5])", text)
    if match is None:
        raise ValueError("Use a likelihood and an impact from 1 to 5, such as 4x5.")
    return int(match[1]), int(match[2])


def _in_cell(values: Sequence[tuple[int, int]], reader: Reader) -> Q:
    """The score that counts is residual where assessed, else inherent; the product bounds the index."""
    return in_cells([values[0]])


LEVEL = Filter(
    "Level",
    _of_levels,
    _level,
    options=_levels,
    names=_level_names,
    help="Levels from 1 to 5, by the matrix in force.",
    shape="[1-5]",
)
CELL = Filter(
    "Cell",
    _in_cell,
    _cell,
    is_many=False,
    help="Likelihood and impact as they count now, such as 4x5.",
    shape="[1-5]x[1-5]",
)
