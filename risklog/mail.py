"""The contexts of mails about reviews, escalations and risks, and whether a mail is still relevant.

The functions of the second group return why a mail is not sent any more, "" if it is still relevant. They
lock the row, so that no mail is sent after its subject was closed.
"""

from datetime import datetime
from typing import Any

from history.models import Event, Subject
from history.queries import present_data, visible_or_none
from kit.kinds import url_of
from lists.specification import Reader
from people import queries as people
from people.models import User
from people.states import Role
from risklog.models import Climb, Escalation, Review, Reviewer, Risk, Score, ScoringRound
from risklog.queries.concerned import concerned
from risklog.register_checks import CHECK_NAMED
from risklog.states import EscalationState, ReviewState, RiskState, ScoringState
from signals.models import Breach, BreachGroup

_BREACHES = 5


def review_context(event: Event, reader: User) -> dict[str, Any]:
    """Return the review, its answers, its subject and the breaches behind it."""
    review = Review.objects.select_related("about", "model", "claimed_by").get(subject_id=event.subject_id)
    about = visible_or_none(reader, review.about)
    answers = review.reviewers.filter(replaced_by__isnull=True).order_by("id")
    answers = answers.select_related("user", "function", "stands_in_for")
    own = next((answer for answer in answers if answer.user_id == reader.pk), None)
    return {
        "review": review,
        "about": about,
        "about_path": url_of(about) if about else "",
        "breaches": _breaches(about),
        "answers": answers,
        "instead_of": own.stands_in_for if own else None,
        "names": _ids(about, review.model.subject_id if review.model else None),
    }


def _ids(*shown: Subject | int | None) -> list[int]:
    """Return the ids of the subjects that a mail names, without those that it leaves out."""
    return [one if isinstance(one, int) else one.pk for one in shown if one is not None]


def _breaches(about: Subject | None) -> list[Breach]:
    """Return the worst breaches of a group, at most _BREACHES, with the limits they crossed."""
    if about is None or about.kind != BreachGroup.KIND:
        return []
    rows = Breach.objects.filter(group__subject=about).select_related(
        "series", "threshold", "threshold_version"
    )
    return list(rows.order_by("-state", "-level", "id")[:_BREACHES])


def escalation_context(event: Event, reader: User) -> dict[str, Any]:
    """Return the escalation, its subject and the owner of that, and whom the reader stands in for."""
    escalation = Escalation.objects.select_related("about", "acknowledged_by").get(
        subject_id=event.subject_id
    )
    climbs = Climb.objects.filter(escalation=escalation).order_by("round", "position")
    own = [climb for climb in climbs if reader.pk in climb.notified_ids]
    absent = own[-1].stand_ins.get(str(reader.pk)) if own else None
    about = visible_or_none(reader, escalation.about)
    owner = concerned(escalation.about).owner if about else None
    return {
        "escalation": escalation,
        "about": about,
        "about_path": url_of(about) if about else "",
        "owner": User.objects.filter(pk=owner).first() if owner else None,
        "instead_of": User.objects.filter(pk=absent).first() if absent else None,
        "names": _ids(about),
    }


def risk_context(event: Event, reader: User) -> dict[str, Any]:
    """Return the risk."""
    rows = Risk.objects.select_related("category", "model", "owner", "team")
    risk = rows.get(subject_id=event.subject_id)
    return {"risk": risk, "names": _ids(risk.model.subject_id if risk.model else None)}


def scoring_context(event: Event, reader: User) -> dict[str, Any]:
    """Return the risk, its open round, and whom the reader stands in for. It has nobody's score."""
    context = risk_context(event, reader)
    scoring_round = ScoringRound.objects.filter(risk=context["risk"]).order_by("-id").first()
    own = Score.objects.filter(round=scoring_round, user=reader).select_related("stands_in_for").first()
    return {**context, "round": scoring_round, "instead_of": own.stands_in_for if own else None}


def score_is_awaited(event: Event, user: User, at: datetime) -> str:
    """Return "" if a round of the risk is open and waits for this person's score."""
    rows = ScoringRound.objects.select_for_update(of=("self",))
    scoring_round = rows.filter(risk__subject_id=event.subject_id, state=ScoringState.OPEN).first()
    if scoring_round is None:
        return "The risk is scored, or the round was cancelled."
    if user.role == Role.VIEWER:
        return "The recipient is a viewer and cannot score."
    own = scoring_round.scores.filter(user=user).only("answered_at").first()
    if own is None:
        return "The recipient is not asked any more."
    if own.answered_at:
        return "The recipient has scored."
    return "The recipient is away. The stand-in is asked." if _has_stand_in(user, at) else ""


def review_is_unanswered(event: Event, user: User, at: datetime) -> str:
    """Return "" if the review is open, has the due time of the mail, and waits for this person's answer."""
    review = Review.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
    if review.state != ReviewState.OPEN:
        return "The review is closed."
    if user.role == Role.VIEWER:
        return "The recipient is a viewer and cannot answer."
    own = Reviewer.objects.filter(review=review, user=user).first()
    if own and own.answered_at:
        return "The recipient has answered."
    if own and own.replaced_by_id:
        return "Another person was asked instead."
    if _has_stand_in(user, at):
        return "The recipient is away. The stand-in is asked."
    due_at = present_data(event).get("due_at")
    is_moved = due_at and datetime.fromisoformat(due_at) != review.due_at
    return "The answer is due at another time." if is_moved else ""


def escalation_is_mailed(event: Event) -> bool:
    """Return whether the rung tells its people by email."""
    return bool(present_data(event).get("by_mail", True))


def escalation_waits_for(event: Event, user: User, at: datetime) -> str:
    """Return "" if it is still escalated or handed over to this person and nobody else acknowledged it."""
    escalation = Escalation.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
    state = EscalationState(escalation.state)
    if event.verb == "risklog.escalation_handed_over" and state != EscalationState.CLIMBING:
        is_theirs = state == EscalationState.ACKNOWLEDGED and escalation.acknowledged_by_id == user.pk
        return "" if is_theirs else "The escalation is no longer with the recipient."
    if state != EscalationState.CLIMBING:
        return f"The escalation is {state.label.lower()}."
    if _has_stand_in(user, at):
        return "The recipient is away. The stand-in is notified."
    climbs = Climb.objects.filter(escalation=escalation, round=escalation.round)
    is_notified = climbs.filter(notified_ids__contains=[user.pk]).exists()
    return "" if is_notified else "It is no longer escalated to the recipient."


def _has_stand_in(user: User, at: datetime) -> bool:
    """Return True if somebody else stands in for a person who is away at this moment."""
    stand_in = people.stand_in_of(user, people.local_day(at))
    return stand_in is not None and stand_in.pk != user.pk


def risk_is_accepted(event: Event, user: User, at: datetime) -> str:
    """Return "" if the risk is still accepted until the date in the mail."""
    risk = Risk.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
    if risk.state != RiskState.ACCEPTED:
        return "The risk is no longer accepted."
    is_same_date = present_data(event)["until"] == str(risk.accepted_until)
    return "" if is_same_date else "The risk is accepted until another day."


def risk_is_accepted_no_more(event: Event, user: User, at: datetime) -> str:
    """Return "" if the risk was neither accepted again nor closed since its acceptance ended."""
    risk = Risk.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
    is_decided = risk.state in (RiskState.ACCEPTED, RiskState.CLOSED)
    return f"The risk is {risk.get_state_display().lower()}." if is_decided else ""


# ------------------------------------------------------------------ findings of the register checks

_LISTED = 20


def findings_context(event: Event, reader: User) -> dict[str, Any]:
    """Return the findings with their risks: for each check at most _LISTED, and how many more there are."""
    found: list[dict[str, Any]] = []
    for finding in present_data(event)["findings"]:
        rows = Risk.objects.visible_to(reader).filter(subject__in=finding["risks"])
        risks = list(rows.select_related("subject").order_by("-severity", "id")[: _LISTED + 1])
        found.append(
            {
                "check": CHECK_NAMED[finding["check"]],
                "risks": risks[:_LISTED],
                "more": rows.count() - _LISTED if len(risks) > _LISTED else 0,
            }
        )
    shown = [finding for finding in found if finding["risks"]]
    names = [risk.subject_id for finding in shown for risk in finding["risks"]]
    return {"findings": shown, "names": names}


def findings_are_left(event: Event, user: User, at: datetime) -> str:
    """Return "" if a risk still fails the check that the mail names."""
    reader = Reader(user, people.local_day(at), at)
    for finding in present_data(event)["findings"]:
        rows = Risk.objects.visible_to(user).filter(subject__in=finding["risks"])
        if rows.filter(CHECK_NAMED[finding["check"]].condition(reader)).exists():
            return ""
    return "Nothing that the mail names is left to do."
