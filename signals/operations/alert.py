"""Alerts of outside tools: upserted, each the cause of one breach, judged by its source.

Whatever the order in which bodies come, the same alerts and breaches are left: an alert fires when it is the
newest of its fingerprint and nobody has said that it is resolved.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q

from catalogue import queries as catalogue
from history import bulk
from kit.actor import Actor
from signals.mapping.alertmanager import ParsedAlert, ParsedBody
from signals.mapping.points import Reading
from signals.mapping.text import to_micros
from signals.models import Alert, Breach, Source, Threshold, ThresholdVersion
from signals.operations import breach, judging, points
from signals.operations.breach import Cause, PlannedBreach
from signals.operations.source import lock_births
from signals.states import Agreement, Direction, ItemResult, Level
from signals.thresholds import CrossingSpan, Rule

_UPDATE = """
UPDATE signals_alert a
SET is_firing = g.is_firing, ends_at = g.ends_at, seen_at = %s, annotations = g.annotations
FROM unnest(%s::bigint[], %s::boolean[], %s::timestamptz[], %s::jsonb[])
     AS g(id, is_firing, ends_at, annotations)
WHERE a.id = g.id
"""


@dataclass(slots=True)
class AlertResults:
    """What became of a body. fates: one an item, None where it was refused before."""

    fates: list[str | None]

    def counts(self) -> dict[str, int]:
        return {fate: self.fates.count(fate) for fate in (ItemResult.STORED, ItemResult.DUPLICATE)}


def take(heard: ParsedBody, *, source: Source, by: Actor, at: datetime) -> AlertResults:
    """Take the alerts of a body, all or nothing, in a constant number of statements.

    STORED is an alert that is new, or that this body ends; DUPLICATE one that says nothing new. A late
    `firing` after its `resolved` reopens nothing; a newer start of the same fingerprint ends the older alert.
    Numeric `value` annotations of firing alerts become points of a series called like the rule.
    """
    if not heard.alerts:
        return AlertResults([None] * heard.count)
    try:
        with transaction.atomic():
            return _Body(heard, source, at).take(by)
    except points.Unborn:
        with transaction.atomic():
            _bear_rules(heard.alerts, source, by=by, at=at)
            if (reading := _values(heard.alerts, at)).names:
                points.bear(reading, source=source, by=by, at=at)
            return _Body(heard, source, at).take(by)


@dataclass(slots=True)
class _Row:
    """An alert as it stands while the body is read."""

    alert: Alert
    told: ParsedAlert | None = None  # the first of this body, for one that is new
    is_seen: bool = False
    is_changed: bool = False
    level: int = Level.WARNING
    value: float | None = None


@dataclass(slots=True)
class _Rule:
    threshold: Threshold
    version: ThresholdVersion | None = None
    worse: Rule = field(default_factory=Rule)


class _Body:
    """One body under way; rows are read once the causes are locked."""

    def __init__(self, heard: ParsedBody, source: Source, at: datetime) -> None:
        self.heard, self.source, self.at = heard, source, at
        self.fates: list[str | None] = [None] * heard.count
        self.rows: dict[str, dict[datetime, _Row]] = {}
        self.series: dict[tuple[str, str, str], int] = {}

    def take(self, by: Actor) -> AlertResults:
        self.rules = _rules(self.heard.alerts, self.source)
        crossings = self._put_values()
        self.models = catalogue.models_called({told.model_name for told in self.heard.alerts})
        self.causes = {told.item: self._cause(told) for told in self.heard.alerts}
        breach.lock_causes(
            {
                *(cause.key for cause in self.causes.values()),
                *(one.cause.key for one in crossings),
                *_causes_of_known(self.source, self._fingerprints()),
            }
        )
        self._load()
        for told in self.heard.alerts:
            self.fates[told.item] = self._tell(told)
        rows = [row for some in self.rows.values() for row in some.values() if row.is_seen]
        crossed = [(row, self._crossing(row)) for row in rows]
        breach.settle([*crossings, *(one for _, one in crossed if one is not None)], by=by, at=self.at)
        self._write(crossed)
        return AlertResults(self.fates)

    # ---------------------------------------------------------- what it says

    def _put_values(self) -> list[PlannedBreach]:
        reading = _values(self.heard.alerts, self.at)
        if not reading.names:
            return []
        stored = points.put(reading, at=self.at, keeps_first=True)
        self.series = {
            (name[0], name[1], name[2]): pk for name, pk in zip(reading.names, stored.series, strict=True)
        }
        return stored.crossings

    def _cause(self, told: ParsedAlert) -> Cause:
        model = self.models.get(told.model_name)
        return Cause(told.rule, told.model_name, told.kind, model, source_id=self.source.pk)

    def _fingerprints(self) -> list[str]:
        return sorted({told.fingerprint for told in self.heard.alerts})

    def _load(self) -> None:
        """The alerts of these fingerprints that matter: those that fire, those as new as what is told, and
        the newest of those that are told to have ended without saying when they began.
        """
        known = Alert.objects.filter(source=self.source, fingerprint__in=self._fingerprints())
        first = min(told.starts_at or self.at for told in self.heard.alerts)
        wanted = Q(is_firing=True) | Q(starts_at__gte=first)
        if ended := {one.fingerprint for one in self.heard.alerts if not (one.is_firing or one.starts_at)}:
            newest = known.filter(fingerprint__in=ended).order_by("fingerprint", "-starts_at")
            wanted |= Q(pk__in=newest.distinct("fingerprint").values("pk"))
        found = known.filter(wanted)
        for alert in found.select_related("breach__threshold"):
            breach_of = _breach(alert)
            row = _Row(alert, level=breach_of.level, value=breach_of.worst_value)
            self.rows.setdefault(alert.fingerprint, {})[alert.starts_at] = row

    def _tell(self, told: ParsedAlert) -> str:
        known = self.rows.setdefault(told.fingerprint, {})
        starts_at = told.starts_at or self._start_of(known, told)
        row = known.get(starts_at)
        if row is None:
            known[starts_at] = self._new(told, starts_at, known)
            return ItemResult.STORED
        row.is_seen = True
        if not told.is_firing:
            return self._end(row, told.ends_at or self.at)
        if row.alert.is_firing:
            row.alert.annotations = told.annotations
            row.level = max(row.level, told.level)
            row.value = self.rules[told.rule].worse.worse(row.value, told.value)
        return ItemResult.DUPLICATE

    def _start_of(self, known: dict[datetime, _Row], told: ParsedAlert) -> datetime:
        """When an alert began that does not say: with the one that fires; for an end, that is told again,
        with the newest that ended; else now.
        """
        firing = [starts_at for starts_at, row in known.items() if row.alert.is_firing]
        same = firing or ([] if told.is_firing else list(known))
        return max(same) if same else self.at

    def _new(self, told: ParsedAlert, starts_at: datetime, known: dict[datetime, _Row]) -> _Row:
        later = [other for other in known if other > starts_at]
        if not later:
            for other in known.values():
                self._end(other, starts_at)
        ends_at = told.ends_at
        if told.is_firing and later:
            ends_at = min(later)
        alert = Alert(
            source=self.source,
            fingerprint=told.fingerprint,
            starts_at=starts_at,
            ends_at=max(ends_at, starts_at) if ends_at else None,
            is_firing=told.is_firing and not later,
            name=told.rule,
            labels=told.labels,
            annotations=told.annotations,
            generator_url=told.generator_url,
            received_at=self.at,
            seen_at=self.at,
        )
        return _Row(alert, told, is_seen=True, is_changed=True, level=told.level, value=told.value)

    def _end(self, row: _Row, ends_at: datetime) -> str:
        if not row.alert.is_firing:
            return ItemResult.DUPLICATE
        row.alert.is_firing = False
        row.alert.ends_at = max(ends_at, row.alert.starts_at)
        row.is_seen = row.is_changed = True
        return ItemResult.STORED

    # ---------------------------------------------------------- what it comes to

    def _crossing(self, row: _Row) -> PlannedBreach | None:
        if row.told is not None:
            return self._new_crossing(row, row.told)
        alert, breach_of = row.alert, _breach(row.alert)
        if not row.is_changed and (breach_of.level, breach_of.worst_value) == (row.level, row.value):
            return None
        return PlannedBreach(
            cause=Cause(alert.name, "", "", None, source_id=self.source.pk),
            span=CrossingSpan(
                breach_of.opened_at, row.level, breach_of.first_value, row.value, alert.ends_at
            ),
            threshold=breach_of.threshold,
            version=None,
            breach=breach_of,
        )

    def _new_crossing(self, row: _Row, told: ParsedAlert) -> PlannedBreach:
        rule, alert = self.rules[told.rule], row.alert
        return PlannedBreach(
            cause=self.causes[told.item],
            span=CrossingSpan(alert.starts_at, row.level, told.value, row.value, alert.ends_at),
            threshold=rule.threshold,
            version=rule.version,
            series_id=self.series.get((told.model_name, told.rule[:120], told.feature)),
            feature=told.feature,
            summary=told.summary,
            is_external=True,
        )

    def _write(self, crossed: Sequence[tuple[_Row, PlannedBreach | None]]) -> None:
        fresh, known = [], []
        for row, crossing in crossed:
            if row.told is not None and crossing is not None:
                row.alert.breach = crossing.breach
                fresh.append(row.alert)
            else:
                known.append(row.alert)
        Alert.objects.bulk_create(fresh)
        if known:
            columns: list[list] = [
                [alert.pk for alert in known],
                [alert.is_firing for alert in known],
                [alert.ends_at for alert in known],
                [json.dumps(alert.annotations) for alert in known],
            ]
            with connection.cursor() as cursor:
                cursor.execute(_UPDATE, [self.at, *columns])


def _breach(alert: Alert) -> Breach:
    """Every alert has its breach, from the same transaction on."""
    assert alert.breach is not None
    return alert.breach


def _causes_of_known(source: Source, fingerprints: Sequence[str]) -> set[str]:
    """Whose groups alerts of these fingerprints stand in now: almost always the body's own."""
    rows = Alert.objects.filter(source=source, fingerprint__in=fingerprints, is_firing=True)
    return set(rows.values_list("breach__group__cause_key", flat=True)) - {None}


def _values(alerts: Iterable[ParsedAlert], at: datetime) -> Reading:
    """The numeric values of firing alerts, as points at the minute of receipt: a repeat in it adds none."""
    reading, keys = Reading(), {}
    minute = to_micros(at.replace(second=0, microsecond=0) if at.second or at.microsecond else at)
    for told in alerts:
        name = (told.model_name, told.rule[:120], told.feature, "")
        if told.value is None or not told.model_name or not told.is_firing or name in keys:
            continue
        keys[name] = len(reading.names)
        reading.names.append(name)
        reading.kinds.append(told.kind)
        reading.units.append("")
        reading.items.append(reading.count)
        reading.keys.append(keys[name])
        reading.ts.append(minute)
        reading.values.append(told.value)
        reading.count += 1
    return reading


def _rules(alerts: Sequence[ParsedAlert], source: Source) -> dict[str, _Rule]:
    """The external thresholds of the body's rules; Unborn when one has never been seen."""
    wanted = {told.rule for told in alerts}
    found = {
        threshold.external_rule: _Rule(threshold)
        for threshold in Threshold.objects.filter(source=source, external_rule__in=wanted)
    }
    if len(found) != len(wanted):
        raise points.Unborn
    by_id = {rule.threshold.pk: rule for rule in found.values()}
    for version in ThresholdVersion.objects.filter(threshold_id__in=by_id, state=Agreement.ACTIVE):
        rule = by_id[version.threshold_id]
        rule.version, rule.worse = version, judging.rule_of(version)
    return found


def _bear_rules(alerts: Sequence[ParsedAlert], source: Source, *, by: Actor, at: datetime) -> None:
    """Every rule of a tool is an external threshold, in force since we first heard of it."""
    lock_births()
    wanted: dict[str, ParsedAlert] = {}
    for told in alerts:
        if told.rule not in wanted or wanted[told.rule].limit is None:
            wanted[told.rule] = told
    there = Threshold.objects.filter(source=source, external_rule__in=wanted)
    for known in there.values_list("external_rule", flat=True):
        del wanted[known]
    acts = []
    for rule, told in wanted.items():
        threshold = Threshold(source=source, external_rule=rule, name=rule)
        acts.append(
            bulk.Act(threshold, "signals.external_rule_noted", rows=[_version(threshold, told, source, at)])
        )
    if acts:
        bulk.perform(acts, by=by, at=at)


def _version(threshold: Threshold, told: ParsedAlert, source: Source, at: datetime) -> ThresholdVersion:
    is_below = told.limit is not None and told.value is not None and told.value < told.limit
    is_critical = told.level == Level.CRITICAL
    return ThresholdVersion(
        threshold=threshold,
        number=1,
        state=Agreement.ACTIVE,
        direction=Direction.BELOW if is_below else Direction.ABOVE,
        warning=None if is_critical else told.limit,
        critical=told.limit if is_critical else None,
        reason=f"The rule of {source.name}, as first heard.",
        agreed_at=at,
    )
