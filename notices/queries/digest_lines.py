"""The lines and figures of one person's digest, from the rows of a week (digest_week)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any
from zoneinfo import ZoneInfo

from history.digest_parts import DigestPart, digest_parts
from history.models import Subject
from lists.specification import Reader
from notices.queries import digest_chart
from notices.queries.digest_week import AHEAD, OpenQuestion, PartRow, Week
from people.models import User
from risklog.models import Escalation, Risk
from risklog.models.matrix import present_matrix
from risklog.states import EscalationState, Severity
from saved import queries as views
from saved.states import Pace
from signals.queries.spark import DAYS, sparks

_SHOWN, _READ = 5, 200
Line = dict[str, Any]
_MOVED = {
    "risklog.risk_assessing": "is being assessed",
    "risklog.risk_treating": "is being treated",
    "risklog.risk_monitoring": "is treated and monitored",
    "risklog.risk_accepted": "was accepted",
    "risklog.risk_acceptance_ended": "is no longer accepted",
    "risklog.risk_reopened": "was reopened",
}


class OfPerson:
    """What one person reads of a week. since: changes count from here. is_past: the period is over."""

    def __init__(
        self, week: Week, user: User, since: datetime, zone: ZoneInfo, *, is_past: bool = False
    ) -> None:
        self.week, self.user, self.since, self.zone, self.is_past = week, user, since, zone, is_past
        self.sight, self.at = user.sight, week.at
        self.before = since - (self.at - since)
        self.today = self.at.astimezone(zone).date()

    # -------------------------------------------------------------- figures

    def figures(self) -> list[dict[str, Any]]:
        """Return the figures with the numbers of the period before. They count what sections show."""
        then = self.since.astimezone(self.zone).date()
        late = self.week.late(self.today, self.at).visible(self.sight)
        were_late = self.week.late(then, self.since).visible(self.sight)
        return [
            _figure(
                "opened", self._opened, len(self.week.opened(self.before, self.since).visible(self.sight))
            ),
            _figure(
                "closed", self._closed, len(self.week.closed(self.before, self.since).visible(self.sight))
            ),
            _figure("escalated", self._escalated, len(self.week.unresolved(self.since).visible(self.sight))),
            _figure("late", late, len(were_late)),
        ]

    @cached_property
    def _opened(self) -> Sequence[Any]:
        return self.week.opened(self.since, self.at).visible(self.sight)

    @cached_property
    def _closed(self) -> Sequence[Any]:
        return self.week.closed(self.since, self.at).visible(self.sight)

    @cached_property
    def _escalated(self) -> Sequence[Any]:
        """The unresolved escalations. The figure, the lines of this person and the others come from them."""
        return self.week.unresolved(self.at).visible(self.sight)

    # -------------------------------------------------------------- sections

    def sections(self) -> list[dict[str, Any]]:
        waiting = [] if self.is_past else self._waiting()
        mine = {line["subject"] for line in waiting}
        others = [one for one in self._escalated if one.subject_id not in mine]
        found = [
            _section("mine", "Waiting for you", waiting, shown=12),
            _section("teams", "Changes in your teams", self._moved(), shown=8),
            _section("views", "In your views", self._of_views(), shown=8),
            *self._parts(is_first=True),
            _section("escalations", "Escalated", _first(others, self._escalation)),
            _section(
                "opened", "New risks", _first(self._opened, lambda risk: self._risk(risk, _owned(risk)))
            ),
            _section(
                "closed",
                "Closed risks",
                _first(self._closed, lambda risk: self._risk(risk, risk.closing_evidence[:140])),
            ),
            *self._parts(is_first=False),
        ]
        named = {line["subject"] for section in found for line in section["lines"] if line}
        found += [
            _section("news", "Other news for you", self._news(named), shown=12),
            _section("meetings", "Next meeting", [self._meeting(one) for one in self._meetings[:1]]),
        ]
        return [section for section in found if section["lines"]]

    def _parts(self, *, is_first: bool) -> list[dict[str, Any]]:
        """Return the sections that rooms declare (history/digest_parts.py)."""
        found = []
        for part in digest_parts():
            pool = self.week.parts.get(part.key) if part.is_first == is_first else None
            if pool is None:
                continue
            teams = {None, *self.user.team_ids}
            rows = [
                row
                for row in pool.visible(self.sight)
                if row.moment > self.since and (not part.of_team or row.facts[part.of_team] in teams)
            ]
            found.append(_section(part.key, part.heading, _first(rows, partial(self._of_part, part))))
        return found

    def _of_part(self, part: DigestPart, row: PartRow) -> Line:
        said = part.said(row.moment.astimezone(self.zone), row.facts)
        return _line(row.subject, said.detail, level=said.level, badge=said.badge)

    @cached_property
    def _meetings(self) -> list[Any]:
        if self.is_past:
            return []
        rows = self.week.meetings.get(self.user.pk, [])
        return [one for one in rows if self.sight.sees(one.subject.viewers, one.subject.granted or ())]

    def _sees(self, subject: Subject) -> bool:
        return self.sight.sees(subject.viewers, subject.granted or ())

    def _waiting(self) -> list[Line]:
        lines = [
            _line(one.subject, f"Escalated to you. {self._next_climb(one)}", level=5, badge="Escalated")
            for one in reversed(self._escalated)
            if self.user.pk in one.notified_ids or one.acknowledged_by_id == self.user.pk
        ]
        questions = self.week.questions.get(self.user.pk, [])
        lines += [self._question(one) for one in questions[:_READ] if self._sees(one.subject)]
        lines += [
            self._action(one) for one in self.week.actions_of.get(self.user.pk, []) if self._sees(one.subject)
        ]
        for one in self._meetings:
            if one.facilitator_id == self.user.pk and one.starts_at < self.at + AHEAD:
                detail = f"You facilitate it, {self._when(one.starts_at)}."
                lines.append(_line(one.subject, detail, level=2, badge="Your turn"))
        return lines

    def _question(self, question: OpenQuestion) -> Line:
        if question.severity is None or question.due_at is None:
            return _line(
                question.subject, f"Score it until {_day(question.ends_on)}.", level=3, badge="Score"
            )
        severity = Severity(question.severity)
        level = 5 if severity == Severity.CRITICAL else 4
        detail = f"Answer by {self._when(question.due_at)}."
        return _line(question.subject, detail, level=level, badge=str(severity.label))

    def _action(self, action: Any) -> Line:
        late = (self.today - action.due_on).days
        detail = (
            f"{late} d overdue." if late > 0 else "Due today." if late == 0 else f"Due {_day(action.due_on)}."
        )
        level, badge = (5, "Overdue") if late > 0 else (3, "Due")
        return _line(action.subject, detail, level=level, badge=badge)

    def _moved(self) -> list[Line]:
        """Return one line for each changed risk of this person's teams: its new level or its latest step."""
        names = present_matrix().levels
        teams = self.week.of_teams(self.since)
        found = {risk.pk: risk for team in self.user.team_ids for risk in teams.get(team, ())}
        lines = []
        for risk in sorted(found.values(), key=lambda one: (-one.severity, -one.pk)):
            if not self._sees(risk.subject):
                continue
            steps = [step for step in risk.steps if self.since < step.at <= self.at]
            levels = [step.level for step in steps if step.level]
            moves = [_MOVED[step.verb] for step in steps if not step.level and step.verb in _MOVED]
            changes = []
            if levels and levels[0][0] != levels[-1][1]:
                changes.append(f"from {names[levels[0][0]]} to {names[levels[-1][1]]}")
            is_new = risk.opened_at > self.since  # it is under "New risks", so its first steps are left out
            changes += [] if is_new else moves[-1:]
            if changes:
                text = ", ".join(changes)
                lines.append(self._risk(risk, f"{text[0].upper()}{text[1:]}."))
        return lines if self.is_past else [*lines, *(self._breach(group) for group in self._breaches)]

    @cached_property
    def _breaches(self) -> list[Any]:
        found = {group.pk: group for team in self.user.team_ids for group in self.week.breaches.get(team, ())}
        return [group for group in found.values() if self._sees(group.subject)][:_READ]

    def _breach(self, group: Any) -> Line:
        level = 5 if group.level > 1 else 3
        names = [group.model.subject_id if group.model else None]
        return _line(group.subject, "Open breach.", level=level, badge=group.get_level_display(), names=names)

    def _of_views(self) -> list[Line]:
        """Return what changed in the views that the person subscribes to, each object once."""
        if self.user.pk in self.week.without_views:
            return []
        reader = Reader(self.user, self.today, self.at)
        lines: dict[int, Line] = {}
        for one in views.subscriptions_of(self.user, Pace.DIGEST):
            events = views.changes_of(one.view, reader, since=self.since)
            if events is None:
                continue
            changed = Subject.objects.visible_to(self.user).filter(pk__in=events.values("subject"))
            for subject in changed.order_by("pk")[:_READ]:
                lines.setdefault(subject.pk, _line(subject, f"Changed, in your view “{one.view.name}”"))
        return list(lines.values())

    def _news(self, named: set[int]) -> list[Line]:
        """Return what the person wants to be told in the digest, without what is named above."""
        lines: dict[int, Line] = {}
        entries = [] if self.is_past else self.week.news.get(self.user.pk, [])
        for entry in entries[:_READ]:
            subject = entry.event.subject
            if subject.pk not in named and self._sees(subject):
                lines.setdefault(subject.pk, _line(subject, f"{entry.why}."))
        return list(lines.values())

    # -------------------------------------------------------------- lines

    def _escalation(self, one: Escalation) -> Line:
        rung = _rung(one) if one.rung else "About to be escalated."
        level = 5 if one.severity == Severity.CRITICAL else 4
        return _line(one.subject, rung, level=level, badge=one.get_severity_display())

    def _risk(self, risk: Risk, detail: str) -> Line:
        matrix = present_matrix()
        level, basis = matrix.level(*risk.cell), "residual" if risk.is_residual else "inherent"
        return _line(risk.subject, detail, level=level, badge=f"{matrix.levels[level]}, {basis}")

    def _meeting(self, meeting: Any) -> Line:
        parts = [self._when(meeting.starts_at)]
        if meeting.focus:
            parts.append(meeting.focus.name)
        if meeting.facilitator:
            parts.append(f"facilitated by {meeting.facilitator.name}")
        return _line(meeting.subject, ", ".join(parts) + ".")

    def _when(self, at: datetime) -> str:
        here = at.astimezone(self.zone)
        return f"{_day(here)}, {here:%H:%M %Z}"

    def _next_climb(self, escalation: Escalation) -> str:
        if escalation.acknowledged_by_id:
            return "Acknowledged."
        if escalation.next_climb_at is None:
            return "This is the highest rung."
        return f"Escalates further on {self._when(escalation.next_climb_at)}."

    # -------------------------------------------------------------- chart

    def wanted_chart(self) -> dict[str, Any] | None:
        """Return which metric the chart shows: that of the worst open breach of their teams. None without."""
        for group in self._breaches:
            if group.metric:
                metric = group.metric[0]
                title = f"{metric['name']} of {group.model.name}"
                names = [group.model.subject_id]
                return {
                    "subject": group.subject_id,
                    "names": names,
                    "series": metric["series"],
                    "title": title,
                }
        return None


def draw(contents: dict[int, dict[str, Any]], *, at: datetime) -> None:
    """Give each chart its values, its limit and its sentence. At most one query for all of them.

    A chart whose metric had no value in the last two weeks is left out.
    """
    wanted = [content["chart"] for content in contents.values() if content["chart"]]
    found = sparks([chart["series"] for chart in wanted], at=at)
    for content in contents.values():
        chart = content["chart"]
        spark = found.get(chart["series"]) if chart else None
        if chart is None or spark is None:
            content["chart"] = None
            continue
        alt = digest_chart.sentence(chart["title"], spark.values, spark.limit)
        first = (at - timedelta(days=DAYS)).date()
        content["chart"] = {
            **chart,
            "values": spark.values,
            "limit": spark.limit,
            "alt": alt,
            "since": first.isoformat(),
        }


def _section(key: str, title: str, lines: Sequence[Line | None], *, shown: int = _SHOWN) -> dict[str, Any]:
    return {
        "key": key,
        "title": title,
        "lines": list(lines[:shown]),
        "more": max(0, len(lines) - shown),
    }


def _first(rows: Sequence[Any], line_of: Any) -> list[Line | None]:
    """Return the lines of the rows that a section shows, and None for each of the others, for its count."""
    return [*(line_of(row) for row in rows[:_SHOWN]), *([None] * max(0, len(rows) - _SHOWN))]


def _figure(key: str, rows: Sequence[Any], before: int) -> dict[str, Any]:
    ids = [row.subject_id for row in rows[:_READ]]
    return {"key": key, "ids": ids, "more": len(rows) - len(ids), "before": before}


def _line(
    subject: Subject,
    detail: str,
    *,
    level: int | None = None,
    badge: str = "",
    names: Iterable[int | None] = (),
) -> Line:
    return {
        "subject": subject.pk,
        "names": [pk for pk in names if pk],
        "reference": subject.reference or "",
        "title": subject.title,
        "said": detail,
        "level": level,
        "badge": badge,
    }


def _owned(risk: Risk) -> str:
    return f"Owner {risk.owner.name}." if risk.owner else "No owner yet."


def _day(day: Any) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def _rung(escalation: Escalation) -> str:
    """Return where an escalation stands: "Rung 2, escalating." or "Rung 3, the highest."."""
    is_highest = escalation.state == EscalationState.CLIMBING and escalation.next_climb_at is None
    state = "the highest" if is_highest else escalation.get_state_display().lower()
    return f"Rung {escalation.rung}, {state}."
