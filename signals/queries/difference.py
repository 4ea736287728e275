"""What a version of a threshold changes against the version before it that was agreed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from signals.models import ThresholdVersion
from signals.queries.version import RULE_FIELDS
from signals.states import Agreement

LABELS = ThresholdVersion.HISTORY_LABELS  # in the order of the form
FIELDS = (*RULE_FIELDS, "is_retraining_trigger")


@dataclass(frozen=True, slots=True)
class RuleDifference:
    """A field with another value. before, after: None means none."""

    field: str
    before: Any
    after: Any

    @property
    def label(self) -> str:
        return LABELS[self.field]

    @property
    def texts(self) -> tuple[str, str]:
        """Return both values in words."""
        return _text(self.field, self.before), _text(self.field, self.after)


def differences(version: ThresholdVersion, before: ThresholdVersion) -> list[RuleDifference]:
    """Return the fields in which two versions differ, in the order of the form."""
    pairs = [(name, getattr(before, name), getattr(version, name)) for name in LABELS if name in FIELDS]
    return [RuleDifference(name, old, new) for name, old, new in pairs if old != new]


def set_differences(versions: Sequence[ThresholdVersion]) -> None:
    """Set `compared_with` and `differences` of each version of one threshold: newest first, all of them.

    A version is compared with the last one before it that was in force; the first one with none.
    """
    for place, version in enumerate(versions):
        earlier = [one for one in versions[place + 1 :] if one.state in (Agreement.ACTIVE, Agreement.RETIRED)]
        row: Any = version
        row.compared_with = earlier[0] if earlier else None
        row.differences = differences(version, earlier[0]) if earlier else []


def _text(name: str, value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    field: Any = ThresholdVersion._meta.get_field(name)
    return str(dict(field.flatchoices).get(value, value))
