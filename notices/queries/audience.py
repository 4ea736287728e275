"""Who is notified of an event: one table, verb -> audience. A verb that is not in it notifies nobody.

A rule returns the recipients of an event as {user id: reason}. It reads current rows, so a late run
notifies the people of now. The actor is not notified, except by escalations. People who cannot
see the subject never are.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from history.models import Event, Subject
from notices.queries import concern
from notices.states import Policy
from people.models import User

Rule = Callable[[Event], dict[int, str]]


@dataclass(frozen=True, slots=True)
class Audience:
    """who: rules, the first that names a person says why. is_mailed: a mail at once, beside the inbox.

    policy: what is done when a mail is in doubt. is_actor_told: also who did it.
    """

    who: tuple[Rule, ...]
    is_urgent: bool = False
    is_mailed: bool = False
    policy: Policy = Policy.PARK
    is_actor_told: bool = False


def _inbox(*who: Rule, is_urgent: bool = False) -> Audience:
    return Audience(who, is_urgent=is_urgent)


def _mail(*who: Rule, is_urgent: bool = False, policy: Policy = Policy.PARK) -> Audience:
    return Audience(who, is_urgent=is_urgent, is_mailed=True, policy=policy)


def _call(*who: Rule) -> Audience:
    """An escalation: mailed at once, to the actor too, not to be muted, sent again if in doubt."""
    return Audience(who, is_urgent=True, is_mailed=True, policy=Policy.RESEND, is_actor_told=True)


_asked = concern.noted("asked", "Your review is requested")
_called = concern.noted("told", "Escalated to you")

AUDIENCES: dict[str, Audience] = {
    # reviews: requests are mailed, again if delivery is uncertain; escalations cover what is overdue
    "risklog.review_opened": _mail(_asked, policy=Policy.RESEND),
    "risklog.review_asked": _mail(_asked, policy=Policy.RESEND),
    "risklog.review_reminded": _mail(concern.noted("told", "Your answer is due soon")),
    "risklog.review_pressed": _mail(
        concern.noted("waiting", "The review became critical: your answer is due sooner"),
        policy=Policy.RESEND,
    ),
    "risklog.review_unanswered": _inbox(concern.noted("waiting", "Your answer is overdue"), is_urgent=True),
    "risklog.review_settled": _inbox(concern.reviewers),
    "risklog.review_withdrawn": _inbox(concern.reviewers),
    "risklog.review_reopened": _inbox(concern.reviewers),
    # escalations
    "risklog.escalation_started": _inbox(concern.team_of_escalation),
    "risklog.escalation_climbed": _call(_called),
    "risklog.escalation_lapsed": _call(_called),
    "risklog.escalation_resumed": _call(_called),
    "risklog.escalation_stepped_down": _call(_called),
    "risklog.escalation_handed_over": _call(concern.noted("told", "Handed over to you")),
    "risklog.escalation_annotated": _inbox(concern.called_before),
    "risklog.escalation_acknowledged": _inbox(concern.called_before),
    "risklog.escalation_paused": _inbox(concern.called_before),
    "risklog.escalation_stays": _inbox(concern.called_before, is_urgent=True),
    "risklog.escalation_resolved": _inbox(concern.called_before),
    # risks
    "risklog.risk_opened": _inbox(concern.risk_owner, concern.team_of_risk),
    "risklog.risk_changed": _inbox(concern.of_weighty_change),
    "risklog.risk_treating": _inbox(concern.risk_owner),
    "risklog.risk_monitoring": _inbox(concern.risk_owner),
    "risklog.risk_accepted": _inbox(concern.risk_owner, concern.team_of_risk),
    "risklog.risk_acceptance_ending": _mail(concern.risk_owner, concern.lead_if_unowned),
    "risklog.risk_acceptance_ended": _mail(concern.risk_owner, concern.lead_if_unowned),
    "risklog.risk_closed": _inbox(concern.risk_owner, concern.team_of_risk),
    "risklog.risk_reopened": _inbox(concern.risk_owner, concern.team_of_risk),
    # signals: reviewers are notified of the review; the team is notified of the breach
    "signals.breach_group_opened": _inbox(concern.team_of_breach),
    "signals.breach_group_reopened": _inbox(concern.team_of_breach),
    "signals.threshold_agreed": _inbox(concern.team_of_threshold),
    # actions
    "actions.action_opened": _mail(concern.action_owner("Assigned to you")),
    "actions.action_assigned": _mail(concern.action_owner("Assigned to you")),
    "actions.action_reminded": _mail(concern.action_owner("You own this action")),
    "actions.action_overdue": _inbox(
        concern.action_owner("You own this action and it is overdue"), is_urgent=True
    ),
    "actions.action_done": _inbox(concern.who_opened),
    "actions.action_dropped": _inbox(concern.who_opened, concern.action_owner("You owned this action")),
    "actions.action_blocked": _inbox(concern.who_opened),
    # meetings
    "meetings.turn_near": _mail(concern.facilitator, concern.stand_in),
    "meetings.turn_taken_over": _inbox(concern.turn_changed),
    "meetings.meeting_replanned": _inbox(concern.turn_changed),
    "meetings.agenda_published": _mail(concern.participants),
    "meetings.meeting_moved": _inbox(concern.participants),
    "meetings.meeting_cancelled": _inbox(concern.participants),
    "meetings.meeting_reinstated": _inbox(concern.participants),
    "meetings.meeting_closed": _mail(concern.participants),
    "meetings.decision_taken": _inbox(concern.owners_of_decision, concern.concerned_by_decision),
    "meetings.no_meeting_found": _inbox(concern.risk_managers),
    # learnings: published ones are in everybody's digest; drafts wait for an author
    "learnings.learning_drafted": _inbox(concern.may_write_draft),
}
# The verbs that riskhub/flows.py hands to notices.operations.entry.tell.
AUDIBLE = tuple(AUDIENCES)


def told(event: Event) -> list[tuple[User, str]]:
    """Whom to tell of an event, and why they hear of it, in a steady order."""
    audience = AUDIENCES[event.verb]
    why: dict[int, str] = {}
    for rule in audience.who:
        for user_id, words in rule(event).items():
            why.setdefault(user_id, words)
    people = User.objects.active().filter(pk__in=why).order_by("pk")
    if not audience.is_actor_told and event.actor_id:
        people = people.exclude(subject_id=event.actor_id)
    return [(user, why[user.pk]) for user in seeing(people, event.subject_id)]


def seeing(people: Iterable[User], subject_id: int) -> list[User]:
    """Those who may see a subject now. Asks each person's sight only where the subject is restricted."""
    subject = Subject.objects.get(pk=subject_id)
    if subject.viewers is None:
        return list(people)
    return [user for user in people if Subject.objects.visible_to(user).filter(pk=subject_id).exists()]
