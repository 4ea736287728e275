"""The evidence of a breach group: as it is now, and the draft of a risk from it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from pages.charts import figure
from risklog.models import Category
from signals.models import Breach, BreachGroup, Series, Threshold, ThresholdVersion
from signals.queries.version import RULE_FIELDS, breach_measure, limit_text
from signals.states import BreachLevel, BreachState

_SHOWN = 5  # breaches of a group on the page of its risk
_OWN = ("level", "state", "feature", "summary", "first_value", "worst_value")
_COLUMNS = {
    **{name: name for name in _OWN},
    "metric": "series__metric",
    "series_unit": "series__unit",
    "model_name": "series__model_name",
    "series_feature": "series__feature",
    "series_slice": "series__slice",
    "name": "threshold__name",
    **{name: f"threshold_version__{name}" for name in RULE_FIELDS},
}
# Level of the breach group -> estimated (likelihood, impact).
GUESS = {BreachLevel.WARNING: (3, 3), BreachLevel.CRITICAL: (4, 4)}


@dataclass(frozen=True, slots=True)
class RiskDraft:
    """The values that a breach group gives a new risk. likelihood, impact: 1 to 5, estimated."""

    title: str
    description: str
    category: Category | None
    series: Series | None
    feature: str
    likelihood: int
    impact: int
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a breach group shows now. lines: its worst breaches; more: how many others."""

    summary: str
    lines: list[str]
    more: int


def of_each_risk() -> ArraySubquery:
    """Return the breaches of the group of each risk, for annotate(): a page of a risk needs no query more."""
    rows = Breach.objects.filter(group=OuterRef("breach_group")).order_by("-level", "id")
    return ArraySubquery(rows.values(row=JSONObject(**_COLUMNS)))


def present(group: BreachGroup, rows: Sequence[Mapping[str, Any]]) -> Evidence:
    """Return the evidence of a breach group as it is now. rows: as of_each_risk() annotated them."""
    breaches = [_read(row) for row in rows]
    shown = [_line(breach) for breach in breaches[:_SHOWN]]
    return Evidence(_summary(group, breaches), shown, max(0, len(breaches) - _SHOWN))


def _read(row: Mapping[str, Any]) -> Breach:
    """Return an unsaved breach with what a line of the evidence names."""
    own = {name: row[name] for name in _OWN}
    version, series = None, None
    if row["direction"]:
        version = ThresholdVersion(**{name: row[name] for name in RULE_FIELDS})
    if row["metric"]:
        names = {name: row[f"series_{name}"] for name in ("feature", "slice", "unit")}
        series = Series(metric=row["metric"], model_name=row["model_name"], **names)
    return Breach(**own, series=series, threshold=Threshold(name=row["name"]), threshold_version=version)


def of_group(group: BreachGroup, *, at: datetime) -> RiskDraft:
    """Return the draft of a risk from a breach group as it is at that moment. Two queries."""
    breaches = _breaches(group)
    worst = next((breach for breach in breaches if breach.series_id), None)
    feature = next((breach.feature for breach in breaches if breach.feature), "")
    likelihood, impact = GUESS[BreachLevel(group.level)]
    return RiskDraft(
        title=f"{group.get_kind_display()} risk: {group.title}"[:200],
        description=_description(group, breaches, at),
        category=category_of(group.kind),
        series=worst.series if worst else None,
        feature=feature,
        likelihood=likelihood,
        impact=impact,
        tags=(feature.lower()[:60],) if feature else (),
    )


def category_of(kind: str) -> Category | None:
    """Return the default category of a signal kind: the oldest one in use. None if there is none."""
    return Category.objects.filter(kind=kind, is_retired=False).order_by("id").first()


def _breaches(group: BreachGroup) -> list[Breach]:
    """Return the breaches of a group, the worst first."""
    rows = group.breaches.select_related("series", "threshold", "threshold_version")
    return list(rows.order_by("-level", "id"))


def _summary(group: BreachGroup, breaches: list[Breach]) -> str:
    status = "still open" if group.state == BreachState.OPEN else "cleared since"
    numbers = Counter(breach.level for breach in breaches)
    crossings = " and ".join(
        f"{count} {BreachLevel(level).label.lower()} crossing{'' if count == 1 else 's'}"
        for level, count in sorted(numbers.items(), reverse=True)
    )
    return f"{group.reference}: {crossings} since {group.opened_at:%d %b %Y %H:%M} UTC, {status}."


def _description(group: BreachGroup, breaches: list[Breach], at: datetime) -> str:
    """Return Markdown: the moment, because the values go on; the source; a line for each of 20 breaches."""
    lines = [f"Evidence of {at:%d %b %Y %H:%M} UTC. {_summary(group, breaches)}"]
    lines += [f"- {_line(breach)}" for breach in breaches[:20]]
    if len(breaches) > 20:
        lines.append(f"- and {len(breaches) - 20} more")
    return "\n".join([lines[0], "", *lines[1:]])


def _line(breach: Breach) -> str:
    name = str(breach.series) if breach.series else breach.threshold.name
    if breach.feature and breach.feature not in name:
        name = f"{name} · {breach.feature}"
    parts: list[str] = []
    if breach.first_value is not None:
        parts.append(f"crossed at {breach_measure(breach, breach.first_value, figure)}")
    if breach.worst_value is not None:
        parts.append(f"worst {breach_measure(breach, breach.worst_value, figure)}")
    version = breach.threshold_version
    if version is not None:
        limits = [(level, limit_text(version, level, figure)) for level in BreachLevel]
        parts += [f"{level.label.lower()} {limit}" for level, limit in limits if limit]
    elif breach.summary:
        parts.append(breach.summary)
    return f"{name}: {', '.join(parts)}" if parts else name
