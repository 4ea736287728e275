"""The list specifications of thresholds and their versions."""

from lists import filtering
from lists.collation import BY_NAME
from lists.specification import ListSpec, Order
from signals.filters.source import BY_NUMBER
from signals.states import Agreement

THRESHOLDS = ListSpec(
    filters={
        "series": filtering.key("Series", "series_id", "The number of a series."),
        "model": filtering.exact("Model", "series__model_name", help="What tools call the model."),
        "source": filtering.exact("Source", "source__slug", help="The slug of a source."),
    },
    orders={**BY_NUMBER, "name": Order("Name, A to Z", BY_NAME)},
)


VERSIONS = ListSpec(
    filters={
        "threshold": filtering.key("Threshold", "threshold_id", "The number of a threshold."),
        "state": filtering.choice("State", "state", Agreement),
    },
    orders=BY_NUMBER,
)
