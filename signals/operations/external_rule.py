"""Find and create the external rules of alerts: thresholds that another tool judges."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from history import bulk
from kit.actor import Actor
from signals.mapping.alertmanager import ParsedAlert
from signals.models import Source, Threshold, ThresholdVersion
from signals.operations import points
from signals.operations.source import lock_creation
from signals.queries.version import rule_of
from signals.states import Agreement, BreachLevel, Direction
from signals.thresholds import Rule


@dataclass(slots=True)
class ExternalRule:
    """A rule of the source: its threshold, the version in force, and the rule that compares values."""

    threshold: Threshold
    version: ThresholdVersion | None = None
    rule: Rule = field(default_factory=Rule)


def rules_of(alerts: Sequence[ParsedAlert], source: Source) -> dict[str, ExternalRule]:
    """Return the external rules of the alerts by name. Raises MissingRows if one does not exist yet."""
    names = {parsed.rule for parsed in alerts}
    rules = {
        threshold.external_rule: ExternalRule(threshold)
        for threshold in Threshold.objects.filter(source=source, external_rule__in=names)
    }
    if len(rules) != len(names):
        raise points.MissingRows
    by_id = {rule.threshold.pk: rule for rule in rules.values()}
    for version in ThresholdVersion.objects.filter(threshold_id__in=by_id, state=Agreement.ACTIVE):
        rule = by_id[version.threshold_id]
        rule.version, rule.rule = version, rule_of(version)
    return rules


def create_rules(alerts: Sequence[ParsedAlert], source: Source, *, by: Actor, at: datetime) -> None:
    """Create an external threshold, with a version in force, for each rule that has none yet."""
    lock_creation()
    missing: dict[str, ParsedAlert] = {}
    for parsed in alerts:
        if parsed.rule not in missing or missing[parsed.rule].limit is None:
            missing[parsed.rule] = parsed
    existing = Threshold.objects.filter(source=source, external_rule__in=missing)
    for name in existing.values_list("external_rule", flat=True):
        del missing[name]
    acts = []
    for name, parsed in missing.items():
        threshold = Threshold(source=source, external_rule=name, name=name)
        version = _version(threshold, parsed, source, at)
        acts.append(bulk.Act(threshold, "signals.external_rule_noted", rows=[version]))
    if acts:
        bulk.perform(acts, by=by, at=at)


def _version(threshold: Threshold, parsed: ParsedAlert, source: Source, at: datetime) -> ThresholdVersion:
    is_below = parsed.limit is not None and parsed.value is not None and parsed.value < parsed.limit
    is_critical = parsed.level == BreachLevel.CRITICAL
    return ThresholdVersion(
        threshold=threshold,
        number=1,
        state=Agreement.ACTIVE,
        direction=Direction.BELOW if is_below else Direction.ABOVE,
        warning=None if is_critical else parsed.limit,
        critical=parsed.limit if is_critical else None,
        reason=f"The rule of {source.name}, as first received.",
        agreed_at=at,
    )
