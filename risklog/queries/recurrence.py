"""Patterns of breaches and their risks: the draft of a risk, and the risk that a pattern has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from history.models import RecordedQuerySet
from kit.rights import may
from people.models import User
from risklog.models import Risk
from risklog.queries import evidence
from risklog.queries.evidence import RiskDraft
from risklog.states import LIVE_RISKS
from signals.models import BreachGroup
from signals.queries.pattern import Search, ShownPattern
from signals.states import PatternKind

# What recurs is likely, and how bad it is must be judged by a person: likelihood, impact.
GUESS = (4, 3)


@dataclass(frozen=True, slots=True)
class PatternRisk:
    """The live risk of a pattern, None without one."""

    risk: Risk | None
    may_add: bool


@dataclass(frozen=True, slots=True)
class PatternRisks:
    """What each row of the page of patterns shows. cells: by the key of the pattern."""

    cells: Mapping[str, PatternRisk]


def of_patterns(user: User, search: Search) -> PatternRisks:
    """Return the risks of all patterns of a page. One query."""
    rows = _live(search.patterns).visible_to(user)
    by_title = {risk.title: risk for risk in rows.order_by("-id")}
    may_add = may(user, "risklog.risk_add")
    return PatternRisks(
        {pattern.key: PatternRisk(by_title.get(title_of(pattern)), may_add) for pattern in search.patterns}
    )


def risk_of(pattern: ShownPattern, person: User | None) -> Risk | None:
    """Return the oldest live risk of a pattern that a person may see. None for Riskhub itself sees all."""
    rows = _live([pattern])
    return (rows if person is None else rows.visible_to(person)).order_by("id").first()


def _live(patterns: Sequence[ShownPattern]) -> RecordedQuerySet[Risk]:
    return Risk.objects.filter(
        state__in=LIVE_RISKS,
        title__in=[title_of(pattern) for pattern in patterns],
        breach_group__in={pk for pattern in patterns for pk in pattern.group_ids},
    ).select_related("subject", "owner")


def title_of(pattern: ShownPattern) -> str:
    """Return the title of the risk of a pattern."""
    return pattern.title[:200]


def draft(pattern: ShownPattern, newest: BreachGroup, *, at: datetime) -> RiskDraft:
    """Return the draft of a risk from a pattern and the newest of its breach groups. Two queries."""
    of_newest = evidence.of_group(newest, at=at)
    feature = pattern.value if pattern.dimension == PatternKind.FEATURE else ""
    likelihood, impact = GUESS
    return RiskDraft(
        title=title_of(pattern),
        description=_description(pattern, at),
        category=evidence.category_of(pattern.kind),
        series=of_newest.series,
        feature=feature,
        likelihood=likelihood,
        impact=impact,
        tags=(feature.lower()[:60],) if feature else (),
    )


def _description(pattern: ShownPattern, at: datetime) -> str:
    """Return Markdown: the numbers, the odds, and the newest breaches."""
    lines = [
        f"Pattern of {at:%d %b %Y %H:%M} UTC: {pattern.count} of {pattern.total} breaches between "
        f"{pattern.first_at:%d %b %Y} and {pattern.latest_at:%d %b %Y}, where chance gives "
        f"{pattern.expected:.1f}. The odds of so many by chance are {pattern.odds}, corrected for "
        "all that was tried.",
        "",
    ]
    lines += [
        f"- {group.reference} {group.title}, {group.opened_at:%d %b %Y %H:%M} UTC" for group in pattern.groups
    ]
    if (more := len(pattern.group_ids) - len(pattern.groups)) > 0:
        lines.append(f"- and {more} more")
    return "\n".join(lines)
