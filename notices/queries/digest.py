"""The content of a person's weekly digest: stored once as data, and shown with the reader's current rights.

content: {"sections": [{"key", "title", "lines": […], "more": int}]}. A line is {"subject": id, "names":
[ids of other subjects in the line], "reference", "title", "said", "level": 1 to 5 or None, "badge"}.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Case, F, Func, JSONField, OuterRef, QuerySet, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import JSONObject

from actions import queries as actions
from history.models import Event, Subject
from kit.kinds import url_of
from learnings.models import Learning
from learnings.states import LearningState
from lists.specification import Reader
from meetings.models import Decision
from notices.models import Digest, Entry
from notices.queries import mine
from people import queries as people
from people.models import User
from risklog.models import Escalation, Risk
from risklog.models.matrix import present_matrix, read_once
from risklog.states import UNRESOLVED, RiskState, Severity
from saved import queries as views
from saved.states import Pace

AHEAD = timedelta(days=7)
FIRST_LOOKS_BACK = timedelta(days=7)
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
# Section -> the noun for one line, the noun for several lines.
_NUMBERS = {
    "mine": ("waiting for you", "waiting for you"),
    "escalations": ("escalated", "escalated"),
    "opened": ("new risk", "new risks"),
    "decisions": ("decision", "decisions"),
}


def last_of(user: User) -> Digest | None:
    return Digest.objects.filter(user=user).order_by("-made_at", "-id").first()


def digests_of(user: User) -> QuerySet[Digest]:
    """Return a person's digests, newest first."""
    return Digest.objects.filter(user=user).order_by("-made_at", "-id")


def that_name(user: User, obj: Any) -> list[Digest] | None:
    """Return the reader's own digests that name an object or a related one (with_related); None for none."""
    named = Func(
        F("content"),
        RawSQL("'$.sections[*].lines[*].subject ? (@ == $related[*])'::jsonpath", ()),
        Value({"related": obj.related}, JSONField()),
        function="jsonb_path_exists",
        output_field=BooleanField(),
    )
    return list(digests_of(user).filter(named).only("week", "made_at")) or None


def names_in(content: dict[str, Any]) -> set[int]:
    """Return the ids of the subjects that a digest names."""
    lines = [line for section in content["sections"] for line in section["lines"]]
    return {pk for line in lines for pk in (line["subject"], *line["names"])}


def since(last: Digest | None, at: datetime) -> datetime:
    """Return the moment after which the next digest lists changes: the last digest, or a week ago.

    In a sample whose dates ran ahead (tick --at), the last digest may be in the future. It is ignored then.
    """
    return last.made_at if last and last.made_at < at else at - FIRST_LOOKS_BACK


@read_once()
def content_for(user: User, *, since: datetime, at: datetime) -> dict[str, Any]:
    """Return the sections for a person: their open work, then changes, all limited to what they may see.

    Costs a constant number of queries, and two for each view that the person subscribes to.
    """
    zone = user.zone(people.organisation())
    risks = list(
        Risk.objects.visible_to(user)
        .filter(updated_at__gt=since, updated_at__lte=at)
        .annotate(steps=_steps(user, since))
        .select_related("subject", "owner")
        .order_by("-severity", "-id")[:_READ]
    )
    meetings = list(mine.meetings_of(user, since=at, until=at + 2 * AHEAD))
    opened = [risk for risk in risks if risk.opened_at > since and risk.state != RiskState.CLOSED]
    closed = [risk for risk in risks if risk.state == RiskState.CLOSED]
    waiting = _waiting(user, meetings, at, zone)
    called = {line["subject"] for line in waiting}
    found = [
        _section("mine", "Waiting for you", waiting, shown=12),
        _section(
            "teams",
            "Changes in your teams",
            _moved(user, risks, since),
            shown=8,
        ),
        _section("views", "In your views", _of_views(user, since, at, zone), shown=8),
        _section("escalations", "Escalated", _escalations(user, called, since)),
        _section("opened", "New risks", [_risk(risk, _owned(risk)) for risk in opened]),
        _section("closed", "Closed risks", [_risk(risk, risk.closing_evidence[:140]) for risk in closed]),
        _section("decisions", "Decisions", _decisions(user, since, zone)),
        _section("learnings", "Learnings", _learnings(user, since)),
        _section("meetings", "Next meeting", [_meeting(one, zone) for one in meetings[:1]]),
    ]
    named = {line["subject"] for section in found for line in section["lines"]}
    found.insert(-1, _section("news", "Other news for you", _news(user, at, named), shown=12))
    return {"sections": [section for section in found if section["lines"]]}


def is_quiet(content: dict[str, Any]) -> bool:
    """Return True if the content has nothing except the next meeting."""
    return not any(section["lines"] for section in content["sections"] if section["key"] != "meetings")


def shown(user: User, content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the sections with the lines this person may still see, each with its `path`. Costs one query."""
    lines = [line for section in content["sections"] for line in section["lines"]]
    ids = {pk for line in lines for pk in (line["subject"], *line["names"])}
    visible = {one.pk: one for one in Subject.objects.visible_to(user).filter(pk__in=ids)}
    found = []
    for section in content["sections"]:
        kept = [
            {**line, "path": url_of(visible[line["subject"]])}
            for line in section["lines"]
            if {line["subject"], *line["names"]} <= visible.keys()
        ]
        if kept:
            found.append({**section, "lines": kept})
    return found


def figures(sections: Sequence[dict[str, Any]]) -> list[tuple[int, str]]:
    """Return up to four pairs (number, noun) for the head of the page."""
    counts = {section["key"]: len(section["lines"]) + section["more"] for section in sections}
    return [(counts.get(key, 0), nouns[counts.get(key, 0) != 1]) for key, nouns in _NUMBERS.items()]


def preview_line(sections: Sequence[dict[str, Any]]) -> str:
    """Return the text that a mail program shows beside the title."""
    counted = [f"{number} {noun}" for number, noun in figures(sections) if number]
    return ", ".join(counted) or "A quiet week."


def undigested(user: User, at: datetime) -> QuerySet[Entry]:
    """Return the inbox entries that are in no digest yet.

    It uses no last-seen id, so an entry that is committed late is in the next digest.
    """
    return Entry.objects.filter(user=user, digest__isnull=True, at__lte=at)


# ------------------------------------------------------------------ sections


def _news(user: User, at: datetime, named: set[int]) -> list[Line]:
    """Return what the person wants to be told in the digest, each object once, without those named above."""
    entries = Entry.objects.visible_to(user).filter(pk__in=undigested(user, at).filter(is_for_digest=True))
    lines: dict[int, Line] = {}
    for entry in entries.select_related("event__subject").order_by("-at", "-id")[:_READ]:
        subject = entry.event.subject
        if subject.pk not in named:
            lines.setdefault(subject.pk, _line(subject, f"{entry.why}."))
    return list(lines.values())


def _section(key: str, title: str, lines: Sequence[Line], *, shown: int = _SHOWN) -> dict[str, Any]:
    return {
        "key": key,
        "title": title,
        "lines": list(lines[:shown]),
        "more": max(0, len(lines) - shown),
    }


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


def _of_views(user: User, since: datetime, at: datetime, zone: ZoneInfo) -> list[Line]:
    """Return what changed in the views that the person subscribes to, each object once."""
    reader = Reader(user, at.astimezone(zone).date(), at)
    lines: dict[int, Line] = {}
    for one in views.subscriptions_of(user, Pace.DIGEST):
        events = views.changes_of(one.view, reader, since=since)
        if events is None:
            continue
        changed = Subject.objects.visible_to(user).filter(pk__in=events.values("subject")).order_by("pk")
        for subject in changed[:_READ]:
            lines.setdefault(subject.pk, _line(subject, f"Changed, in your view “{one.view.name}”"))
    return list(lines.values())


def _waiting(user: User, meetings: Sequence[Any], at: datetime, zone: ZoneInfo) -> list[Line]:
    today = at.astimezone(zone).date()
    lines = [
        _line(one.subject, f"Escalated to you. {_next_climb(one, zone)}", level=5, badge="Escalated")
        for one in mine.escalations_on(user)[:_READ]
    ]
    for asked in mine.reviews_to_answer(user)[:_READ]:
        review = asked.review
        level = 5 if review.severity == Severity.CRITICAL else 4
        detail = f"Answer by {_when(review.due_at, zone)}."
        lines.append(_line(review.subject, detail, level=level, badge=review.get_severity_display()))
    for score in mine.scores_to_give(user)[:_READ]:
        detail = f"Score it until {_day(score.round.ends_on)}."
        lines.append(_line(score.round.risk.subject, detail, level=3, badge="Score"))
    due = actions.mine(user).filter(due_on__lte=today + AHEAD)
    for action in due[:_READ]:
        assert action.due_on is not None
        late = (today - action.due_on).days
        detail = (
            f"{late} d overdue." if late > 0 else "Due today." if late == 0 else f"Due {_day(action.due_on)}."
        )
        level, badge = (5, "Overdue") if late > 0 else (3, "Due")
        lines.append(_line(action.subject, detail, level=level, badge=badge))
    for one in meetings:
        if one.facilitator_id == user.pk and one.starts_at < at + AHEAD:
            lines.append(
                _line(
                    one.subject,
                    f"You facilitate it, {_when(one.starts_at, zone)}.",
                    level=2,
                    badge="Your turn",
                )
            )
    return lines


def _steps(user: User, since: datetime) -> Case:
    """Return an annotation: the steps of a risk of the user's teams, oldest first; None for other risks.

    Shape: [{"verb", "level"}].
    """
    steps_since = Event.objects.filter(
        subject=OuterRef("subject"), at__gt=since, verb__in=[*_MOVED, "risklog.risk_changed"]
    ).order_by("at", "id")
    steps = ArraySubquery(steps_since.values(step=JSONObject(verb="verb", level="data__level")))
    return Case(When(team__subject__in=user.sight.ids, then=steps))


def _moved(user: User, risks: Sequence[Any], since: datetime) -> list[Line]:
    """Return one line for each changed risk of this person's teams: its new level or its latest step."""
    lines, names = [], present_matrix().levels
    for risk in risks:
        steps = risk.steps or ()
        levels = [step["level"] for step in steps if step["level"]]
        moves = [_MOVED[step["verb"]] for step in steps if not step["level"] and step["verb"] in _MOVED]
        changes = []
        if levels and levels[0][0] != levels[-1][1]:
            changes.append(f"from {names[levels[0][0]]} to {names[levels[-1][1]]}")
        is_new = risk.opened_at > since  # it is under "New risks", so its first steps are left out here
        changes += [] if is_new else moves[-1:]
        if changes:
            text = ", ".join(changes)
            lines.append(_risk(risk, f"{text[0].upper()}{text[1:]}."))
    for group in mine.breaches_of_my_teams(user)[:_READ]:
        level = 5 if group.level > 1 else 3
        lines.append(
            _line(
                group.subject,
                "Open breach.",
                level=level,
                badge=group.get_level_display(),
                names=[group.model.subject_id if group.model else None],
            )
        )
    return lines


def _escalations(user: User, shown: set[int], since: datetime) -> list[Line]:
    rows = Escalation.objects.visible_to(user).filter(started_at__gt=since, state__in=UNRESOLVED)
    rows = rows.exclude(subject__in=shown).select_related("subject", "about").order_by("-started_at", "-id")
    return [
        _line(
            one.subject,
            f"Rung {one.rung}, {one.get_state_display().lower()}." if one.rung else "About to be escalated.",
            level=5 if one.severity == Severity.CRITICAL else 4,
            badge=one.get_severity_display(),
        )
        for one in rows[:_READ]
    ]


def _risk(risk: Risk, detail: str) -> Line:
    matrix = present_matrix()
    level, basis = matrix.level(*risk.cell), "residual" if risk.is_residual else "inherent"
    return _line(risk.subject, detail, level=level, badge=f"{matrix.levels[level]}, {basis}")


def _owned(risk: Risk) -> str:
    return f"Owner {risk.owner.name}." if risk.owner else "No owner yet."


def _decisions(user: User, since: datetime, zone: ZoneInfo) -> list[Line]:
    rows = Decision.objects.visible_to(user).filter(decided_at__gt=since)
    return [
        _line(one.subject, _day(one.decided_at.astimezone(zone).date()) + ".")
        for one in rows.select_related("subject").order_by("-decided_at", "-id")[:_READ]
    ]


def _learnings(user: User, since: datetime) -> list[Line]:
    rows = Learning.objects.visible_to(user).filter(published_at__gt=since, state=LearningState.PUBLISHED)
    rows = rows.select_related("subject", "author").order_by("-published_at", "-id")
    return [_line(one.subject, f"By {one.author.name}." if one.author else "") for one in rows[:_READ]]


def _meeting(meeting: Any, zone: ZoneInfo) -> Line:
    parts = [_when(meeting.starts_at, zone)]
    if meeting.focus:
        parts.append(meeting.focus.name)
    if meeting.facilitator:
        parts.append(f"facilitated by {meeting.facilitator.name}")
    return _line(meeting.subject, ", ".join(parts) + ".")


# ------------------------------------------------------------------ texts


def _day(day: Any) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def _when(at: datetime, zone: ZoneInfo) -> str:
    here = at.astimezone(zone)
    return f"{_day(here)}, {here:%H:%M %Z}"


def _next_climb(escalation: Escalation, zone: ZoneInfo) -> str:
    if escalation.acknowledged_by_id:
        return "Acknowledged."
    if escalation.next_climb_at is None:
        return "This is the highest rung."
    return f"Escalates further on {_when(escalation.next_climb_at, zone)}."
