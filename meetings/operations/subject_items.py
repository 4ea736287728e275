"""Put reviews, escalations, thresholds, changes and other subjects on agendas, each with its reason."""

from datetime import datetime
from typing import Any

from catalogue.models import ChangeRequest
from catalogue.states import ChangeRoute
from history import operations as history
from history.models import Event, Subject
from kit.actor import SYSTEM
from meetings.models import AgendaItem, Meeting, Tripwire
from meetings.operations import placement
from meetings.operations.placement import Rank
from meetings.queries import series as series_queries
from meetings.queries.facts import Facts, facts_of, facts_of_review
from meetings.routing import within
from meetings.states import ACCEPTANCE_PROPOSED, Purpose
from risklog.models import Acceptance, Escalation, Review
from signals.models import BreachGroup, Threshold
from signals.states import Agreement

RETRAINING_WAITS = "Retraining waits"  # how the title of such an item begins


def _place(about: Subject, facts: Facts, **item: Any) -> AgendaItem | None:
    """Place a subject for its kind of signal and its team. item: the other arguments of place()."""
    return placement.place(about=about, kind=facts.kind, team_id=facts.team_id, by=SYSTEM, **item)


def place_review(review: Review, *, at: datetime, cause: Event | None = None) -> AgendaItem | None:
    return placement.place(**of_review(review), by=SYSTEM, at=at, cause=cause)


def of_review(review: Review) -> dict[str, Any]:
    """Return what place() needs to know about a review, which is loaded with its model and its `about`."""
    facts = facts_of_review(review)
    about = f" about {review.about.reference}" if review.about.reference else ""
    return {
        "about": review.subject,
        "kind": facts.kind,
        "team_id": facts.team_id,
        "title": review.title,
        "why": f"Open review request{about}",
        "purpose": Purpose.DECIDE,
        "minutes": 15 if facts.urgent_reason else 10,
        "urgent_reason": facts.urgent_reason,
        "due_at": review.due_at,
    }


def escalated_reason(escalation: Escalation) -> str:
    return f"Escalated ({escalation.reference})"


def place_escalated(escalation: Escalation, *, at: datetime, cause: Event | None = None) -> AgendaItem | None:
    return _place(
        escalation.about,
        facts_of(escalation.subject),
        title=escalation.about.title,
        purpose=Purpose.DECIDE,
        minutes=15,
        urgent_reason=escalated_reason(escalation),
        at=at,
        cause=cause,
    )


def place_threshold(threshold: Threshold, *, at: datetime, cause: Event | None = None) -> AgendaItem | None:
    """Place a threshold with proposed versions, so that the meeting agrees to one or declines."""
    facts = facts_of(threshold.subject)
    versions = list(threshold.versions.filter(state=Agreement.PROPOSED).order_by("number"))
    if not versions:
        return None
    named = "; ".join(f"version {version.number} ({version.limits})" for version in versions)
    return _place(
        threshold.subject,
        facts,
        title=f"Proposed threshold: {threshold.name}",
        why=f"Waits for agreement: {named}"[:240],
        purpose=Purpose.DECIDE,
        rank=Rank.ACCEPTANCE,
        at=at,
        cause=cause,
    )


def place_noisy_threshold(
    threshold: Threshold, why: str, *, at: datetime, cause: Event | None = None
) -> AgendaItem | None:
    """Place a noisy threshold, so that the meeting decides on another version."""
    return _place(
        threshold.subject,
        facts_of(threshold.subject),
        title=f"Noisy threshold: {threshold.name}",
        why=why,
        purpose=Purpose.DISCUSS,
        rank=Rank.ACCEPTANCE,
        at=at,
        cause=cause,
    )


def place_missed_retraining(
    group: BreachGroup, why: str, *, at: datetime, cause: Event | None = None
) -> AgendaItem | None:
    """Place a breach whose retraining was requested and waits."""
    return _place(
        group.subject,
        facts_of(group.subject),
        title=f"{RETRAINING_WAITS}: {group.title}",
        why=why,
        purpose=Purpose.DECIDE,
        rank=Rank.ACCEPTANCE,
        at=at,
        cause=cause,
    )


def place_change(change: ChangeRequest, *, at: datetime, cause: Event | None = None) -> AgendaItem | None:
    """Place a change request that waits for its sign-off, in time for its window."""
    facts = facts_of(change.subject)
    is_emergency = change.route == ChangeRoute.EMERGENCY
    reason = "Emergency change without a sign-off" if is_emergency else "Change waits for its sign-off"
    return _place(
        change.subject,
        facts,
        title=f"{change.get_kind_display()}: {change.title}",
        why=reason,
        purpose=Purpose.DECIDE,
        due_at=facts.due_at,
        rank=Rank.ACCEPTANCE,
        at=at,
        cause=cause,
    )


def place_acceptance(proposal: Acceptance, *, at: datetime, cause: Event | None = None) -> AgendaItem | None:
    """Place a risk that somebody proposed to accept. An item that is there already gets the reason too."""
    risk, why = proposal.risk, acceptance_reason(proposal)
    facts = facts_of(risk.subject)
    item = _place(
        risk.subject,
        facts,
        title=risk.title,
        why=why,
        purpose=Purpose.DECIDE,
        rank=Rank.ACCEPTANCE,
        acceptance=proposal,
        at=at,
        cause=cause,
    )
    return _with_reason(item, why, at=at, cause=cause)


def _with_reason(
    item: AgendaItem | None, why: str, *, at: datetime, cause: Event | None
) -> AgendaItem | None:
    """Add a reason to an item that was on the agenda for another one."""
    if item is not None and why not in item.why:
        values = {"why": f"{item.why}; {why}"[:300], "purpose": Purpose.DECIDE}
        history.change(item, values, by=SYSTEM, at=at, verb="meetings.item_changed", cause=cause)
    return item


def acceptance_reason(proposal: Acceptance) -> str:
    """Return why a risk with a proposed acceptance is on an agenda."""
    return f"{ACCEPTANCE_PROPOSED} until {proposal.until:%-d %b %Y}"


def place_tripwire(tripwire: Tripwire, *, at: datetime, cause: Event | None = None) -> AgendaItem | None:
    """Bring a decision back because a tripwire was crossed.

    Without a team of its subject, it goes to the next meeting of the series that took the decision.
    """
    decision, why = tripwire.decision, reason_of(tripwire)
    facts = facts_of(decision.subject)
    if facts.team_id is None and decision.meeting is not None:
        meeting = _next_of_series(decision.meeting.series_id, at)
        values = {"title": decision.subject_title, "why": why, "purpose": Purpose.DECIDE, "minutes": 10}
        if meeting:
            back = placement.put(
                meeting, decision.subject, values, Rank.REVIEW, by=SYSTEM, at=at, cause=cause
            )
            return _with_reason(back, why, at=at, cause=cause)
    item = _place(
        decision.subject,
        facts,
        title=decision.subject_title,
        why=why,
        purpose=Purpose.DECIDE,
        at=at,
        cause=cause,
    )
    return _with_reason(item, why, at=at, cause=cause)


def _next_of_series(series_id: int, at: datetime) -> Meeting | None:
    """Return the next planned meeting of a series, locked."""
    own = next((one for one in series_queries.candidates(at) if one.id == series_id), None)
    choice = within(own, kind=None, urgent_reason="tripwire")
    return placement.lock_planned(choice.meeting.id) if choice else None


def reason_of(tripwire: Tripwire) -> str:
    """Return why a decision is back. It names a restricted metric only if the decision is below its root."""
    series = tripwire.series
    if series is None:
        return f"Tripwire: {tripwire.condition}"
    is_shown = series.subject.viewers is None or series.subject.scope_id == tripwire.decision.subject.scope_id
    if not is_shown or tripwire.crossed_value is None:
        return "Tripwire: its metric crossed the value"
    return f"Tripwire: {tripwire.condition} (it was {tripwire.crossed_value:g})"[:200]
