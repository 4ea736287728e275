"""Write the alerts of other tools: upsert them and open, change or clear one breach for each.

The source judges, not Riskhub. The result does not depend on the order in which payloads arrive: an alert is
firing if it is the newest of its fingerprint and no payload has resolved it.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q

from catalogue.queries import model as catalogue
from kit.actor import Actor
from signals.mapping.alertmanager import ParsedAlert, ParsedBody
from signals.mapping.points import Name, Reading
from signals.mapping.text import to_micros
from signals.models import Alert, Source
from signals.operations import breach, external_rule, points
from signals.operations.breach import Cause, PlannedBreach
from signals.operations.months import with_months
from signals.states import BreachLevel, ItemResult
from signals.thresholds import CrossingSpan

_UPDATE = """
UPDATE signals_alert a
SET is_firing = g.is_firing, ends_at = g.ends_at, annotations = g.annotations,
    seen_at = GREATEST(a.seen_at, %s)
FROM unnest(%s::bigint[], %s::boolean[], %s::timestamptz[], %s::jsonb[])
     AS g(id, is_firing, ends_at, annotations)
WHERE a.id = g.id
"""


@dataclass(slots=True)
class AlertResults:
    """The result of a payload. results: an ItemResult per item, None where mapping refused the item."""

    results: list[str | None]


def take(
    body: ParsedBody, *, source: Source, by: Actor, at: datetime, received_at: datetime | None = None
) -> AlertResults:
    """Store the alerts of a payload, all or nothing, in a constant number of statements.

    STORED means that the alert is new or that this payload ends it, DUPLICATE that nothing is new, IGNORED
    that the source ignores its severity. A `firing`
    that arrives after its `resolved` does not reopen the alert. A newer start of the same fingerprint ends
    the older alert. Numeric `value` annotations of firing alerts become points of a series named like the
    rule. A check that passed and never failed is kept as an alert that does not fire, without a breach.

    received_at: of a body that is taken again, when it came: the start and end of alerts that have none.
    An alert that a later body contains stays as it is.
    """
    body, ignored = _without_ignored(body, source)
    taken = _take(body, source=source, by=by, at=at, received_at=received_at or at)
    for parsed in ignored:
        taken.results[parsed.item] = ItemResult.IGNORED
    return taken


def _take(
    body: ParsedBody, *, source: Source, by: Actor, at: datetime, received_at: datetime
) -> AlertResults:
    if not body.alerts:
        return AlertResults([None] * body.count)
    try:
        return with_months(lambda: _Intake(body, source, at, received_at).take(by), at=at)
    except points.MissingRows:
        with transaction.atomic():
            external_rule.create_rules(body.alerts, source, by=by, at=at)
            missing: set[Name] = set()
            if (reading := _values(body.alerts, received_at)).names:
                missing = points.create_series(reading, source=source, by=by, at=at)
            if missing:
                reason = points.too_many_series(source).message
                body.cuts.append(f"The values of {len(missing)} series are not stored. {reason}")
            return with_months(lambda: _Intake(body, source, at, received_at, missing).take(by), at=at)


def _without_ignored(body: ParsedBody, source: Source) -> tuple[ParsedBody, list[ParsedAlert]]:
    """Return the body without the alerts whose severity the source ignores, and these.

    An alert that fires stays in the body: it opened a breach before it was ignored, and only its `resolved`
    clears this breach.
    """
    ignored = [parsed for parsed in body.alerts if parsed.is_ignored]
    if not ignored:
        return body, []
    fingerprints = {parsed.fingerprint for parsed in ignored}
    rows = Alert.objects.filter(source=source, fingerprint__in=fingerprints, is_firing=True)
    firing = set(rows.values_list("fingerprint", flat=True))
    ignored = [parsed for parsed in ignored if parsed.fingerprint not in firing]
    items = {parsed.item for parsed in ignored}
    return replace(body, alerts=[parsed for parsed in body.alerts if parsed.item not in items]), ignored


@dataclass(slots=True)
class _AlertState:
    """The state of an alert while a payload is processed.

    first: the first item of this payload about a new alert, None for an alert that exists already.
    is_named: whether this payload contains the alert or ends it. level, value: the worst so far.
    """

    alert: Alert
    first: ParsedAlert | None = None
    is_named: bool = False
    is_changed: bool = False
    level: int = BreachLevel.WARNING
    value: float | None = None


class _Intake:
    """One payload while it is processed. The alerts are read after the causes are locked.

    without_series: names of series that the source may not create; values of alerts of these are not stored.
    alerts: fingerprint -> start -> state. series_ids: (model name, rule, feature) -> id of its series.
    """

    def __init__(
        self,
        body: ParsedBody,
        source: Source,
        at: datetime,
        received_at: datetime,
        without_series: Collection[Name] = (),
    ) -> None:
        self.body, self.source, self.without_series = body, source, without_series
        self.at, self.received_at = at, received_at
        self.results: list[str | None] = [None] * body.count
        self.alerts: dict[str, dict[datetime, _AlertState]] = {}
        self.series_ids: dict[tuple[str, str, str], int] = {}

    def take(self, by: Actor) -> AlertResults:
        self.rules = external_rule.rules_of(self.body.alerts, self.source)
        of_values = self._store_values()
        self.models = catalogue.models_called({parsed.model_name for parsed in self.body.alerts})
        self.causes = {parsed.item: self._cause(parsed) for parsed in self.body.alerts}
        breach.lock_causes(
            {
                *(cause.key for cause in self.causes.values()),
                *(planned.cause.key for planned in of_values),
                *_causes_of_firing(self.source, self._fingerprints()),
            }
        )
        self._load()
        newer = self._seen_later()
        for parsed in self.body.alerts:
            is_old = (parsed.fingerprint, parsed.starts_at) in newer
            self.results[parsed.item] = ItemResult.DUPLICATE if is_old else self._apply(parsed)
        states = [state for starts in self.alerts.values() for state in starts.values() if state.is_named]
        planned_by_state = [(state, self._planned_breach(state)) for state in states]
        of_alerts = [planned for _, planned in planned_by_state if planned is not None]
        breach.settle([*of_values, *of_alerts], by=by, at=self.at)
        self._write(planned_by_state)
        return AlertResults(self.results)

    # ---------------------------------------------------------- reading the payload

    def _store_values(self) -> list[PlannedBreach]:
        """Store the values of firing alerts as points. Returns the breaches of agreed thresholds."""
        reading = _values(self.body.alerts, self.received_at, self.without_series)
        if not reading.names:
            return []
        stored = points.put(reading, at=self.at, keeps_first=True)
        self.series_ids = {
            (name[0], name[1], name[2]): pk for name, pk in zip(reading.names, stored.series_ids, strict=True)
        }
        return stored.breaches

    def _cause(self, parsed: ParsedAlert) -> Cause:
        model = self.models.get(parsed.model_name)
        return Cause(parsed.rule, parsed.model_name, parsed.kind, model, source_id=self.source.pk)

    def _fingerprints(self) -> list[str]:
        return sorted({parsed.fingerprint for parsed in self.body.alerts})

    def _load(self) -> None:
        """Load the alerts that this payload can change.

        These are, of its fingerprints, the firing ones, those that start at or after its first start, and for
        a `resolved` without a start the newest one.
        """
        known = Alert.objects.filter(source=self.source, fingerprint__in=self._fingerprints())
        first = min(parsed.starts_at or self.received_at for parsed in self.body.alerts)
        condition = Q(is_firing=True) | Q(starts_at__gte=first)
        ended = {
            parsed.fingerprint for parsed in self.body.alerts if not (parsed.is_firing or parsed.starts_at)
        }
        if ended:
            newest = known.filter(fingerprint__in=ended).order_by("fingerprint", "-starts_at")
            condition |= Q(pk__in=newest.distinct("fingerprint").values("pk"))
        for alert in known.filter(condition).select_related("breach__threshold"):
            state = _AlertState(alert)
            if alert.breach is not None:
                state.level, state.value = alert.breach.level, alert.breach.worst_value
            self.alerts.setdefault(alert.fingerprint, {})[alert.starts_at] = state

    def _seen_later(self) -> set[tuple[str, datetime | None]]:
        """Return fingerprint and start of the alerts that a later body than this one contained.

        The start is also None: an item without a start is about the newest alert of its fingerprint.
        """
        if self.received_at >= self.at:
            return set()
        rows = Alert.objects.filter(source=self.source, fingerprint__in=self._fingerprints())
        later = rows.filter(seen_at__gt=self.received_at).values_list("fingerprint", "starts_at")
        return {key for fingerprint, start in later for key in ((fingerprint, start), (fingerprint, None))}

    def _apply(self, parsed: ParsedAlert) -> str:
        """Apply one item of the payload to the states. Returns its ItemResult."""
        known = self.alerts.setdefault(parsed.fingerprint, {})
        starts_at = parsed.starts_at or self._start_of(known, parsed)
        state = known.get(starts_at)
        if state is None and parsed.is_ignored:
            self._end_older(known, starts_at)
            return ItemResult.IGNORED
        if state is None:
            known[starts_at] = self._new(parsed, starts_at, known)
            return ItemResult.STORED
        state.is_named = True
        if not parsed.is_firing:
            return self._end(state, parsed.ends_at or self.received_at)
        if state.alert.is_firing:
            state.alert.annotations = parsed.annotations
            state.level = max(state.level, parsed.level)
            state.value = self.rules[parsed.rule].rule.worse(state.value, parsed.value)
        return ItemResult.DUPLICATE

    def _start_of(self, known: dict[datetime, _AlertState], parsed: ParsedAlert) -> datetime:
        """Return the start of an alert whose item has none.

        This is the start of the firing alert; for a repeated `resolved`, that of the newest alert;
        else when it was received.
        """
        firing = [starts_at for starts_at, state in known.items() if state.alert.is_firing]
        candidates = firing or ([] if parsed.is_firing else list(known))
        return max(candidates) if candidates else self.received_at

    def _new(
        self, parsed: ParsedAlert, starts_at: datetime, known: dict[datetime, _AlertState]
    ) -> _AlertState:
        """Return the state of a new alert. Ends the older alerts of its fingerprint."""
        later = self._end_older(known, starts_at)
        ends_at = parsed.ends_at
        if parsed.is_firing and later:
            ends_at = min(later)
        alert = Alert(
            source=self.source,
            fingerprint=parsed.fingerprint,
            starts_at=starts_at,
            ends_at=max(ends_at, starts_at) if ends_at else None,
            is_firing=parsed.is_firing and not later,
            name=parsed.rule,
            labels=parsed.labels,
            annotations=parsed.annotations,
            generator_url=parsed.generator_url,
            received_at=self.received_at,
            seen_at=self.received_at,
        )
        return _AlertState(
            alert, parsed, is_named=True, is_changed=True, level=parsed.level, value=parsed.value
        )

    def _end_older(self, known: dict[datetime, _AlertState], starts_at: datetime) -> list[datetime]:
        """End the alerts of a fingerprint if none starts after `starts_at`. Returns the later starts."""
        later = [other for other in known if other > starts_at]
        if not later:
            for other in known.values():
                self._end(other, starts_at)
        return later

    def _end(self, state: _AlertState, ends_at: datetime) -> str:
        """End an alert. Returns DUPLICATE if it has ended already."""
        if not state.alert.is_firing:
            return ItemResult.DUPLICATE
        state.alert.is_firing = False
        state.alert.ends_at = max(ends_at, state.alert.starts_at)
        state.is_named = state.is_changed = True
        return ItemResult.STORED

    # ---------------------------------------------------------- writing

    def _planned_breach(self, state: _AlertState) -> PlannedBreach | None:
        """Return the breach of an alert as it has to be written, None if nothing changes."""
        if state.first is not None:
            return None if state.first.is_passed else self._new_breach(state, state.first)
        alert, breach_of = state.alert, state.alert.breach
        if breach_of is None:
            return None
        if not state.is_changed and (breach_of.level, breach_of.worst_value) == (state.level, state.value):
            return None
        return PlannedBreach(
            cause=Cause(alert.name, "", "", None, source_id=self.source.pk),
            span=CrossingSpan(
                breach_of.opened_at, state.level, breach_of.first_value, state.value, alert.ends_at
            ),
            threshold=breach_of.threshold,
            version=None,
            breach=breach_of,
        )

    def _new_breach(self, state: _AlertState, parsed: ParsedAlert) -> PlannedBreach:
        rule, alert = self.rules[parsed.rule], state.alert
        return PlannedBreach(
            cause=self.causes[parsed.item],
            span=CrossingSpan(alert.starts_at, state.level, parsed.value, state.value, alert.ends_at),
            threshold=rule.threshold,
            version=rule.version,
            series_id=self.series_ids.get((parsed.model_name, parsed.rule[:120], parsed.feature)),
            feature=parsed.feature,
            summary=parsed.summary,
            is_external=True,
        )

    def _write(self, planned_by_state: Sequence[tuple[_AlertState, PlannedBreach | None]]) -> None:
        """Create the new alerts with their breaches, and update the known ones."""
        created, known = [], []
        for state, planned in planned_by_state:
            if state.first is not None:
                state.alert.breach = planned.breach if planned else None
                created.append(state.alert)
            else:
                known.append(state.alert)
        Alert.objects.bulk_create(created)
        if known:
            columns: list[list] = [
                [alert.pk for alert in known],
                [alert.is_firing for alert in known],
                [alert.ends_at for alert in known],
                [json.dumps(alert.annotations) for alert in known],
            ]
            with connection.cursor() as cursor:
                cursor.execute(_UPDATE, [self.received_at, *columns])


def _causes_of_firing(source: Source, fingerprints: Sequence[str]) -> set[str]:
    """Return the cause keys of the firing alerts of these fingerprints, usually those of the payload."""
    rows = Alert.objects.filter(source=source, fingerprint__in=fingerprints, is_firing=True)
    return set(rows.values_list("breach__group__cause_key", flat=True)) - {None}


def _values(alerts: Iterable[ParsedAlert], at: datetime, without: Collection[Name] = ()) -> Reading:
    """Return the numeric values of firing alerts as points, all at the start of the minute of `at`.

    So a payload that is repeated within the minute adds no points.
    """
    reading, keys = Reading(), {}
    minute = to_micros(at.replace(second=0, microsecond=0) if at.second or at.microsecond else at)
    for parsed in alerts:
        name = (parsed.model_name, parsed.rule[:120], parsed.feature, "")
        if parsed.value is None or not parsed.model_name or not parsed.is_firing or name in keys:
            continue
        if name in without:
            continue
        keys[name] = len(reading.names)
        reading.names.append(name)
        reading.kinds.append(parsed.kind)
        reading.units.append("")
        reading.items.append(reading.count)
        reading.keys.append(keys[name])
        reading.ts.append(minute)
        reading.values.append(parsed.value)
        reading.count += 1
    return reading
