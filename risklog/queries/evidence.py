"""The draft of a risk from the evidence of a breach group."""

from dataclasses import dataclass

from pages.charts import figure
from risklog.models import Category
from signals.models import Breach, BreachGroup, Series
from signals.states import BreachLevel, BreachState

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


def of_group(group: BreachGroup) -> RiskDraft:
    """Return the draft of a risk from a breach group. Two queries."""
    breaches = list(
        group.breaches.select_related("series", "threshold", "threshold_version").order_by("-level", "id")
    )
    worst = next((breach for breach in breaches if breach.series_id), None)
    feature = next((breach.feature for breach in breaches if breach.feature), "")
    likelihood, impact = GUESS[BreachLevel(group.level)]
    return RiskDraft(
        title=f"{group.get_kind_display()} risk: {group.title}"[:200],
        description=_description(group, breaches),
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


def _description(group: BreachGroup, breaches: list[Breach]) -> str:
    """Return Markdown: the source, and one line for each of at most 20 breaches."""
    status = "still open" if group.state == BreachState.OPEN else "cleared since"
    level = BreachLevel(group.level).label.lower()
    crossings = f"{len(breaches)} {level} crossing{'' if len(breaches) == 1 else 's'}"
    lines = [f"Source: {group.reference}, {crossings} since {group.opened_at:%d %b %Y %H:%M} UTC, {status}."]
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
        parts.append(f"crossed at {figure(breach.first_value)}")
    if breach.worst_value is not None:
        parts.append(f"worst {figure(breach.worst_value)}")
    version = breach.threshold_version
    if version is not None:
        side = version.get_direction_display().lower()
        limits = [("warning", version.warning), ("critical", version.critical)]
        parts += [f"{level} {side} {figure(value)}" for level, value in limits if value is not None]
    elif breach.summary:
        parts.append(breach.summary)
    return f"{name}: {', '.join(parts)}" if parts else name
