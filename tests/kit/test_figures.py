"""The bound of figures that people enter: the check and its message name the same numbers."""

import pytest

from kit.figures import MAX_FIGURE, checked
from kit.refusals import Refused


@pytest.mark.parametrize("value", [None, 0, 0.1234567890123, MAX_FIGURE, -MAX_FIGURE])
def test_a_figure_within_the_bound_is_kept(value):
    assert checked(value, "figure") == value


@pytest.mark.parametrize("value", [MAX_FIGURE + 1, -MAX_FIGURE - 1, 1e300, float("inf"), float("nan")])
def test_a_figure_beyond_the_bound_is_refused_with_the_bound(value):
    with pytest.raises(Refused, match="from -1,000,000,000,000 to 1,000,000,000,000") as refusal:
        checked(value, "figure")

    assert refusal.value.field == "figure"
