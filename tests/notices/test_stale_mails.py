"""Outdated mails are not sent: every mailed event with every later step of its subject."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from actions.models import Action
from actions.operations import action as actions
from actions.operations import blocked, reminder
from catalogue.operations import change_request as change_requests
from catalogue.states import EffectResult, RightKind
from history import declarations
from history.models import Due, Event
from incidents.models import Incident
from incidents.operations import incident as incident_operations
from incidents.operations import role as roles
from incidents.operations import update as updates
from kit.actor import SYSTEM, Actor
from meetings.models import Meeting, MeetingSeries
from meetings.operations import agenda, extra, turn
from meetings.operations import meeting as meetings
from meetings.operations import series as all_series
from meetings.operations import swap as swaps
from notices.models import Entry, Message
from notices.operations import message
from notices.states import MessageState
from people.operations import person as persons
from people.operations import team as teams
from people.states import Role
from riskhub import schedule
from risklog.models import Escalation, Review, Risk, Score
from risklog.operations import (
    acceptance,
    climb,
    escalation_pauses,
    replacement,
    scoring,
    stewardship,
    top_rung,
)
from risklog.operations import escalation as escalations
from risklog.operations import review as reviews
from risklog.operations import reviewer as reviewers
from risklog.operations import risk as risk_operations
from risklog.states import Outcome, Severity, Who
from signals.models import Threshold
from signals.operations import threshold as thresholds
from talk.models import Comment
from talk.operations import comment as comments
from tests.factories import catalogue, incidents, notices, people, risklog_review, risks, signals
from tests.factories import meetings as make_meeting
from tests.factories import talk as make_comment
from tests.moments import AT
from tests.notices.session_steps import SESSION_STEPS
from tests.notices.told import Told

pytestmark = pytest.mark.django_db
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def pending(obj: Any, kind: str) -> Due:
    return Due.objects.filter(subject_id=obj.subject_id, kind=kind, state="pending").earliest("at")


# ------------------------------------------------------------------ causes of mails


def opened_action() -> Told:
    owner = people.user("Ana")
    return Told(actions.add(title="Fix it", owner=owner, due_on=AT.date() + 9 * DAY, by=SYSTEM, at=AT), owner)


def assigned_action() -> Told:
    made = actions.add(title="Fix it", due_on=AT.date() + 9 * DAY, by=SYSTEM, at=AT)
    owner = people.user("Ana")
    return Told(actions.change(made, {"owner": owner}, by=SYSTEM, at=AT), owner)


def reminded_action() -> Told:
    made, owner, _ = opened_action()
    due = pending(made, "actions.reminder")
    reminder.remind(due, at=due.at)
    return Told(made, owner, due.at)


def asked_to_review_an_action() -> Told:
    owner, reader = people.user("Ana"), people.user("Olga")
    made = actions.add(title="Audit the lineage", owner=owner, type="lineage_audit", by=SYSTEM, at=AT)
    return Told(actions.change(made, {"reviewer": reader}, by=SYSTEM, at=AT), reader)


def raised_action() -> Told:
    made, sponsor = opened_action().obj, people.user("Sponsor")
    made = actions.block(made, reason="Waits for access", by=SYSTEM, at=AT)
    blocked.raise_to(made, sponsor, at=AT)
    return Told(made, sponsor)


def opened_review(severity: str = Severity.WARNING) -> Told:
    risklog_review.ladder((Who.REVIEWERS, 240, None), (Who.TEAM_LEAD, 480, None))
    risklog_review.reviewer("data-science"), risklog_review.reviewer("risk-management")
    made = risklog_review.review(severity=severity)
    return Told(made, made.reviewers.select_related("user").order_by("id")[0].user)


def asked_review() -> Told:
    made = opened_review().obj
    other = people.user("Olga", function=people.function("engineering"))
    return Told(reviewers.ask(made, other, by=SYSTEM, at=AT), other)


def reassigned_review() -> Told:
    made, reader, _ = opened_review()
    other = people.user("Olga", function=people.function("engineering"))
    return Told(replacement.hand_over(made, other, by=risklog_review.actor(reader), at=AT), other)


def told_findings() -> Told:
    people.organisation()
    owner = people.user("Ana")
    risks.risk(owner=owner, review_on=AT.date() - DAY)
    stewardship.schedule(AT)
    due = Due.objects.get(kind=stewardship.DAILY)
    stewardship.find(due, at=due.at)
    return Told(owner, owner, due.at)


def pressed_review() -> Told:
    made, reader, _ = opened_review()
    same = {"title": made.title, "kind": "drift", "severity": Severity.CRITICAL, "why": "Worse"}
    return Told(reviews.open_for(about=made.about, by=SYSTEM, at=AT, **same), reader)


def reminded_review() -> Told:
    made, reader, _ = opened_review()
    due = pending(made, "risklog.review_reminder")
    reviews.remind(due, at=due.at)
    return Told(made, reader, due.at)


def climbed_escalation() -> Told:
    developer, lead = people.user("Dev"), people.user("Lena")
    risklog_review.ladder((Who.OWNER, 240, None), (Who.TEAM_LEAD, 480, None))
    model = risklog_review.model(owner_team=people.team(lead=lead), developer=developer)
    return Told(risklog_review.escalation(about=model.subject), developer)


def handed_over_escalation() -> Told:
    made, reader, _ = climbed_escalation()
    other = people.user("Olga")
    made = escalations.acknowledge(made, by=risklog_review.actor(reader), at=AT)
    return Told(escalations.hand_over(made, other, by=risklog_review.actor(reader), at=AT), other)


def called_again_escalation() -> Told:
    reader, later = people.user("Dev"), AT + top_rung.GAP
    risklog_review.ladder((Who.OWNER, 240, None))
    made = risklog_review.escalation(about=risklog_review.model(developer=reader).subject)
    return Told(top_rung.call_again(made, by=SYSTEM, at=later), reader, later)


def lapsed_escalation() -> Told:
    made, reader, _ = climbed_escalation()
    made = escalations.acknowledge(made, by=risklog_review.actor(reader), at=AT)
    due = pending(made, "risklog.acknowledgement_lapses")
    climb.lapse(due, at=due.at)
    return Told(made, reader, due.at)


def resumed_escalation() -> Told:
    made, reader, _ = climbed_escalation()
    made = escalation_pauses.pause(made, until=AT + DAY, reason="Holiday", by=SYSTEM, at=AT)
    return Told(escalation_pauses.resume(made, by=SYSTEM, at=AT), reader)


def stepped_down_escalation() -> Told:
    made, reader, _ = climbed_escalation()
    due = pending(made, "risklog.climb")
    climb.climb(due, at=due.at)
    return Told(escalations.step_down(made, reason="Too high", by=SYSTEM, at=due.at), reader, due.at)


def accepted_risk() -> Risk:
    owner = people.user("Ana")
    risk = risk_operations.assess(risks.risk(owner=owner), by=SYSTEM, at=AT)
    return risks.accept(risk, until=AT.date() + 30 * DAY)


def acceptance_ending() -> Told:
    risk = accepted_risk()
    due = pending(risk, acceptance.DUE)
    acceptance.acceptance_ends(due, at=due.at)
    return Told(risk, risk.owner, due.at)


def acceptance_ended() -> Told:
    risk = accepted_risk()
    due = Due.objects.filter(subject_id=risk.subject_id, kind=acceptance.DUE).latest("at")
    acceptance.acceptance_ends(due, at=due.at)
    return Told(risk, risk.owner, due.at)


def turn_near() -> Told:
    meeting = make_meeting.planned(position=2)
    due = pending(meeting, "meetings.turn")
    turn.remind(due, at=due.at)
    return Told(meeting, meeting.facilitator, due.at)


def observation_near() -> Told:
    outside, _ = make_meeting.crew("data-science")
    series = make_meeting.series(has_observer=True, observer_teams=[outside])
    meeting = make_meeting.planned(series, position=2)
    due = pending(meeting, "meetings.turn")
    turn.remind(due, at=due.at)
    return Told(meeting, meeting.observer, due.at)


def observation_ended() -> Told:
    told = observation_near()
    outside = told.obj.series.observer_teams.get()
    new = people.user("Olga Observer", function=told.reader.function, teams=[outside])
    meeting = Meeting.objects.select_related("series", "subject").get(pk=told.obj.pk)
    turn.take_over(meeting, task="observer", by=Actor(new, "page"), at=told.at)
    return Told(meeting, told.reader, told.at)


def agenda_published() -> Told:
    meeting = make_meeting.planned()
    due = pending(meeting, "meetings.publish")
    agenda.publish(due, at=max(due.at, AT))
    return Told(meeting, meeting.facilitator, max(due.at, AT))


def invited() -> Told:
    team, (reader, _) = make_meeting.crew()
    return Told(make_meeting.series(team), reader)


def changed_series() -> Told:
    made, reader, _ = invited()
    return Told(all_series.change(made, {"place": "Room 5"}, by=SYSTEM, at=AT), reader)


def retired_series() -> Told:
    made, reader, _ = invited()
    return Told(all_series.retire(made, by=SYSTEM, at=AT), reader)


def joined_series() -> Told:
    made, reader = make_meeting.series(), people.user("Jo")
    return Told(all_series.change(made, {"participants": [reader]}, by=SYSTEM, at=AT), reader)


def left_series() -> Told:
    made, reader, _ = joined_series()
    return Told(all_series.change(made, {"participants": []}, by=SYSTEM, at=AT), reader)


def moved_meeting() -> Told:
    made, reader, _ = invited()
    meeting = make_meeting.planned(made, position=3)
    return Told(meetings.move(meeting, starts_at=meeting.starts_at + DAY, by=SYSTEM, at=AT), reader)


def cancelled_meeting() -> Told:
    made, reader, _ = invited()
    return Told(meetings.cancel(make_meeting.planned(made, position=3), by=SYSTEM, at=AT), reader)


def reinstated_meeting() -> Told:
    made, reader, _ = cancelled_meeting()
    return Told(meetings.reinstate(made, by=SYSTEM, at=AT), reader)


def published_series() -> Told:
    team, (reader, _) = make_meeting.crew()
    draft = make_meeting.series(team, is_draft=True)
    return Told(all_series.publish(draft, by=SYSTEM, at=AT), reader)


def added_meeting() -> Told:
    made, reader, _ = invited()
    return Told(extra.add(made, starts_at=AT + 20 * DAY, by=SYSTEM, at=AT), reader)


def asked_to_swap() -> Told:
    meeting = make_meeting.planned(invited().obj, position=3)
    asked = meeting.series.teams.get().members.exclude(pk=meeting.facilitator_id)[0]
    by = risklog_review.actor(meeting.facilitator)
    swaps.ask(meeting, asked=asked, by=by, at=AT)
    return Told(meeting, asked)


def accepted_swap() -> Told:
    meeting, asked, _ = asked_to_swap()
    swap = meeting.swaps.get()
    swaps.accept(swap, by=risklog_review.actor(asked), at=AT)
    return Told(meeting, swap.asked_by)


def declined_swap() -> Told:
    meeting, asked, _ = asked_to_swap()
    swap = meeting.swaps.get()
    swaps.decline(swap, by=risklog_review.actor(asked), at=AT)
    return Told(meeting, swap.asked_by)


def closed_meeting() -> Told:
    meeting = make_meeting.live()
    when = meeting.starts_at + MINUTE
    return Told(meetings.close(meeting, by=SYSTEM, at=when), meeting.facilitator, when)


def mentioned() -> Told:
    ben = people.user("Ben", handle="ben")
    comment = make_comment.comment(actions.add(title="Fix it", by=SYSTEM, at=AT).subject, "@ben please check")
    return Told(comment, ben)


def started_scoring() -> Told:
    reader = people.user("Ana", function=people.function("data-science"))
    others = [people.user("Ben", function=people.function("engineering")), people.user("Cy")]
    risk = risks.risk()
    scoring.start(risk, users=[reader, *others], ends_on=AT.date() + 5 * DAY, by=SYSTEM, at=AT)
    return Told(risk, reader)


def asked_to_score() -> Told:
    risk, absent, _ = started_scoring()
    stand_in = people.user("Olga")
    day = AT.date()
    persons.be_away(absent, from_on=day, until_on=day + DAY, stand_in=stand_in, by=SYSTEM, at=AT)
    schedule.act(AT)
    return Told(risk, stand_in)


def reminded_to_score() -> Told:
    risk, reader, _ = started_scoring()
    due = pending(risk, scoring.REMINDER)
    scoring.remind(due, at=due.at)
    return Told(risk, reader, due.at)


def proposed_threshold() -> Told:
    manager = people.user("Rita", role=Role.RISK_MANAGER)
    version = thresholds.propose(signals.series(), warning=0.3, reason="Less noise", by=SYSTEM, at=AT)
    return Told(version.threshold, manager)


def _signer() -> Any:
    person = people.user("Sina")
    for kind in (RightKind.MODEL_CHANGE, RightKind.DEPLOYMENT):
        catalogue.right(kind, person=person)
    return person


def declared_incident() -> Told:
    reader = people.user("Ana")
    return Told(incidents.incident(team=people.team(lead=reader)), reader)


def assigned_role() -> Told:
    made, reader = incidents.incident(), people.user("Ana")
    return Told(roles.assign(made, role="lead", person=reader, by=SYSTEM, at=AT), reader)


def sent_update() -> Told:
    made, reader, _ = declared_incident()
    updates.send(made, text="We roll back.", by=SYSTEM, at=AT)
    return Told(made, reader)


def opened_change() -> Told:
    signer = _signer()
    return Told(catalogue.change(catalogue.model("fast-scorer", tier=4)), signer)


def reviewed_change() -> Told:
    signer = _signer()
    request = catalogue.change(catalogue.model("reviewed-scorer", tier=1))
    change_requests.note_reviewed(request, by=SYSTEM, at=AT)
    return Told(request, signer)


def chased_change() -> Told:
    signer = _signer()
    request = catalogue.change(is_emergency=True)
    due = pending(request, change_requests.UNREVIEWED)
    change_requests.chase(due, at=due.at)
    return Told(request, signer, due.at)


def effect_due() -> Told:
    opener = people.user("Ola")
    plan = {"effect": "Fewer false alarms.", "effect_on": (AT + timedelta(days=7)).date()}
    change = catalogue.change(catalogue.model("fast-scorer", tier=4), opened_by=opener, **plan)
    request = change_requests.sign(change, by=SYSTEM, at=AT)
    due = pending(request, change_requests.EFFECT_DUE)
    change_requests.note_effect_due(due, at=due.at)
    return Told(request, opener, due.at)


# ------------------------------------------------------------------ steps before the mail is sent


def effect_checked(told: Told, obj: Any, at: Any) -> None:
    change_requests.check_effect(obj, result=EffectResult.values[0], by=SYSTEM, at=at)


def incident_withdrawn(told: Told, obj: Incident, at: Any) -> None:
    incident_operations.withdraw(obj, reason="It is none", by=SYSTEM, at=at)


def incident_resolved(told: Told, obj: Incident, at: Any) -> None:
    incident_operations.resolve(obj, by=SYSTEM, at=at)


def role_of_another(told: Told, obj: Incident, at: Any) -> None:
    roles.assign(obj, role="lead", person=people.user("Ben"), by=SYSTEM, at=at)


def change_declined(told: Told, obj: Any, at: Any) -> None:
    change_requests.decline(obj, reason="Too risky", by=SYSTEM, at=at)


def change_withdrawn(told: Told, obj: Any, at: Any) -> None:
    change_requests.withdraw(obj, reason="Not needed", by=SYSTEM, at=at)


def agreed(told: Told, obj: Threshold, at: Any) -> None:
    thresholds.agree(obj.versions.get(), by=SYSTEM, at=at)


def proposal_declined(told: Told, obj: Threshold, at: Any) -> None:
    thresholds.decline(obj.versions.get(), reason="Too lax", by=SYSTEM, at=at)


def leaves(told: Told, obj: Any, at: Any) -> None:
    persons.deactivate(told.reader, by=SYSTEM, at=at)


def handed_on(told: Told, obj: Action, at: Any) -> None:
    actions.change(obj, {"owner": people.user()}, by=SYSTEM, at=at)


def unblocked(told: Told, obj: Action, at: Any) -> None:
    actions.start(obj, by=SYSTEM, at=at)


def reviewed_by_another(told: Told, obj: Action, at: Any) -> None:
    actions.change(obj, {"reviewer": people.user()}, by=SYSTEM, at=at)


def new_date(told: Told, obj: Action, at: Any) -> None:
    actions.change(obj, {"due_on": obj.due_on + 90 * DAY}, by=SYSTEM, at=at)


def done(told: Told, obj: Action, at: Any) -> None:
    actions.finish(obj, by=SYSTEM, at=at)


def dropped(told: Told, obj: Action, at: Any) -> None:
    actions.drop(obj, reason="Not needed", by=SYSTEM, at=at)


def settled(told: Told, obj: Review, at: Any) -> None:
    reviews.settle(obj, outcome=Outcome.CONFIRMED, reason="Seen", by=SYSTEM, at=at)


def withdrawn(told: Told, obj: Review, at: Any) -> None:
    reviews.withdraw(obj, reason="Mistake", by=SYSTEM, at=at)


def answered(told: Told, obj: Review, at: Any) -> None:
    reviewers.answer(obj, verdict=Outcome.CONFIRMED, by=risklog_review.actor(told.reader), at=at)


def made_viewer(told: Told, obj: Any, at: Any) -> None:
    persons.set_role(told.reader, Role.VIEWER, by=SYSTEM, at=at)


def due_sooner(told: Told, obj: Review, at: Any) -> None:
    later = obj.due_at - timedelta(hours=30)
    same = {"title": obj.title, "kind": "drift", "severity": Severity.CRITICAL, "why": "Worse"}
    reviews.open_for(about=obj.about, by=SYSTEM, at=later, **same)


def acknowledged(told: Told, obj: Escalation, at: Any) -> None:
    escalations.acknowledge(obj, by=risklog_review.actor(people.user("Colleague")), at=at)


def paused(told: Told, obj: Escalation, at: Any) -> None:
    escalation_pauses.pause(obj, until=at + DAY, reason="Holiday", by=SYSTEM, at=at)


def resolved(told: Told, obj: Escalation, at: Any) -> None:
    escalations.resolve(obj, reason="Fixed", by=SYSTEM, at=at)


def handed_further(told: Told, obj: Escalation, at: Any) -> None:
    escalations.hand_over(obj, people.user(), by=risklog_review.actor(told.reader), at=at)


def lapsed(told: Told, obj: Escalation, at: Any) -> None:
    due = pending(obj, "risklog.acknowledgement_lapses")
    climb.lapse(due, at=due.at)


def acceptance_withdrawn(told: Told, obj: Risk, at: Any) -> None:
    risk_operations.reopen(obj, reason="Worse", by=SYSTEM, at=at)


def accepted_again(told: Told, obj: Risk, at: Any) -> None:
    risks.accept(obj, until=at.date() + 100 * DAY, at=at)


def risk_handed_on(told: Told, obj: Risk, at: Any) -> None:
    risk_operations.change(obj, {"owner": people.user()}, by=SYSTEM, at=at)


def cancelled(told: Told, obj: Meeting, at: Any) -> None:
    meetings.cancel(obj, reason="No one", by=SYSTEM, at=at)


def started(told: Told, obj: Meeting, at: Any) -> None:
    meetings.start(obj, is_confirmed=True, by=SYSTEM, at=at)


def moved(told: Told, obj: Meeting, at: Any) -> None:
    meetings.move(obj, starts_at=obj.starts_at + 10 * DAY, by=SYSTEM, at=at)


def reinstated(told: Told, obj: Meeting, at: Any) -> None:
    meetings.reinstate(obj, by=SYSTEM, at=at)


def retired(told: Told, obj: MeetingSeries, at: Any) -> None:
    all_series.retire(obj, by=SYSTEM, at=at)


def changed_again(told: Told, obj: MeetingSeries, at: Any) -> None:
    all_series.change(obj, {"length_minutes": 30}, by=SYSTEM, at=at)


def out_of_the_team(told: Told, obj: MeetingSeries, at: Any) -> None:
    teams.leave(obj.teams.get(), told.reader, by=SYSTEM, at=at)


def out_of_the_series(told: Told, obj: MeetingSeries, at: Any) -> None:
    all_series.change(obj, {"participants": []}, by=SYSTEM, at=at)


def in_the_series(told: Told, obj: MeetingSeries, at: Any) -> None:
    all_series.change(obj, {"participants": [told.reader]}, by=SYSTEM, at=at)


def swap_withdrawn(told: Told, obj: Meeting, at: Any) -> None:
    swap = obj.swaps.get()
    swaps.withdraw(swap, by=risklog_review.actor(swap.asked_by), at=at)


def swap_declined(told: Told, obj: Meeting, at: Any) -> None:
    swaps.decline(obj.swaps.get(), by=risklog_review.actor(told.reader), at=at)


def removed(told: Told, obj: Comment, at: Any) -> None:
    comments.remove(obj, by=SYSTEM, at=at)


def mention_removed(told: Told, obj: Comment, at: Any) -> None:
    comments.change(obj, text="Nobody is asked", by=risklog_review.actor(obj.author), at=at)


def dealt_with(told: Told, obj: Any, at: Any) -> None:
    risk = Risk.objects.get(owner=told.reader)
    risk_operations.reconfirm(risk, evidence="Checked again, and nothing changed", by=SYSTEM, at=at)


def scored(told: Told, obj: Risk, at: Any) -> None:
    scoring.score(obj, likelihood=2, impact=3, by=risklog_review.actor(told.reader), at=at)


def revealed(told: Told, obj: Risk, at: Any) -> None:
    other = Score.objects.filter(round__risk=obj).exclude(user=told.reader).select_related("user").last()
    scoring.score(obj, likelihood=2, impact=3, by=risklog_review.actor(other.user), at=at)
    scoring.reveal(obj, by=SYSTEM, at=at)


def scoring_cancelled(told: Told, obj: Risk, at: Any) -> None:
    scoring.cancel(obj, by=SYSTEM, at=at)


def nothing(told: Told, obj: Any, at: Any) -> None:
    """Without a step the mail is sent."""


_OF_ACTION = (handed_on, done, dropped, leaves)
_OF_REVIEW = (settled, withdrawn, answered, made_viewer, leaves)
_OF_SCORING = (scored, revealed, scoring_cancelled, made_viewer, leaves)
_OF_CALL = (acknowledged, paused, resolved, leaves)

# Every mailed event: its cause, and the later steps that make its mail outdated.
STEPS: dict[str, tuple[Callable[[], Told], tuple[Callable[[Told, Any, Any], None], ...]]] = {
    "actions.action_opened": (opened_action, _OF_ACTION),
    "actions.action_assigned": (assigned_action, _OF_ACTION),
    "actions.action_review_requested": (asked_to_review_an_action, (reviewed_by_another, dropped, leaves)),
    "actions.action_raised": (raised_action, (unblocked, dropped, leaves)),
    "actions.action_reminded": (reminded_action, (*_OF_ACTION, new_date)),
    "catalogue.change_request_opened": (opened_change, (change_declined, change_withdrawn, leaves)),
    "catalogue.change_request_reviewed": (reviewed_change, (change_declined, leaves)),
    "catalogue.change_request_chased": (chased_change, (change_declined, leaves)),
    "catalogue.change_effect_due": (effect_due, (effect_checked, leaves)),
    "incidents.incident_declared": (declared_incident, (incident_withdrawn, incident_resolved, leaves)),
    "incidents.role_assigned": (assigned_role, (role_of_another, incident_withdrawn, leaves)),
    "incidents.update_sent": (sent_update, (incident_withdrawn, leaves)),
    "risklog.review_opened": (opened_review, _OF_REVIEW),
    "risklog.review_asked": (asked_review, _OF_REVIEW),
    "risklog.review_reassigned": (reassigned_review, _OF_REVIEW),
    "risklog.scoring_started": (started_scoring, _OF_SCORING),
    "risklog.scoring_asked": (asked_to_score, _OF_SCORING),
    "risklog.scoring_reminded": (reminded_to_score, _OF_SCORING),
    "risklog.findings_told": (told_findings, (dealt_with, leaves)),
    "risklog.review_pressed": (pressed_review, _OF_REVIEW),
    "risklog.review_reminded": (reminded_review, (*_OF_REVIEW, due_sooner)),
    "risklog.escalation_climbed": (climbed_escalation, _OF_CALL),
    "risklog.escalation_called_again": (called_again_escalation, _OF_CALL),
    "risklog.escalation_lapsed": (lapsed_escalation, _OF_CALL),
    "risklog.escalation_resumed": (resumed_escalation, _OF_CALL),
    "risklog.escalation_stepped_down": (stepped_down_escalation, _OF_CALL),
    "risklog.escalation_handed_over": (
        handed_over_escalation, (handed_further, lapsed, paused, resolved, leaves),
    ),
    "risklog.risk_acceptance_ending": (
        acceptance_ending, (acceptance_withdrawn, risk_handed_on, leaves),
    ),
    "risklog.risk_acceptance_ended": (acceptance_ended, (accepted_again, risk_handed_on, leaves)),
    "meetings.turn_near": (turn_near, (cancelled, moved, leaves)),
    "meetings.observation_near": (observation_near, (cancelled, moved, leaves)),
    "meetings.observation_ended": (observation_ended, (started, leaves)),
    "meetings.agenda_published": (agenda_published, (cancelled, moved, leaves)),
    "meetings.meeting_closed": (closed_meeting, (leaves,)),
    "meetings.series_added": (invited, (retired, changed_again, out_of_the_team, leaves)),
    "meetings.series_changed": (changed_series, (retired, changed_again, out_of_the_team, leaves)),
    "meetings.series_retired": (retired_series, (leaves,)),
    "meetings.participants_joined": (joined_series, (retired, out_of_the_series, leaves)),
    "meetings.participants_left": (left_series, (in_the_series, leaves)),
    "meetings.meeting_moved": (moved_meeting, (cancelled, moved, leaves)),
    "meetings.meeting_cancelled": (cancelled_meeting, (reinstated, leaves)),
    "meetings.meeting_reinstated": (reinstated_meeting, (cancelled, moved, leaves)),
    "meetings.series_published": (published_series, (retired, changed_again, leaves)),
    "meetings.meeting_added": (added_meeting, (cancelled, moved, leaves)),
    "meetings.swap_asked": (asked_to_swap, (swap_withdrawn, swap_declined, cancelled, leaves)),
    "meetings.swap_accepted": (accepted_swap, (cancelled, leaves)),
    "meetings.swap_declined": (declined_swap, (cancelled, leaves)),
    **SESSION_STEPS,
    "signals.threshold_proposed": (proposed_threshold, (agreed, proposal_declined, leaves)),
    "talk.people_mentioned": (mentioned, (removed, mention_removed, leaves)),
}  # fmt: skip


def test_every_mailed_event_is_tested_here():
    """Those about accounts are in tests/people: they have no stand-in, and one goes to no person."""
    mailed = {one.verb for one in declarations.every() if one.mail}
    assert {verb for verb in mailed if not verb.startswith("people.")} == set(STEPS)


@pytest.mark.parametrize(
    ("verb", "step"),
    [(verb, step) for verb, (_, steps) in STEPS.items() for step in (nothing, *steps)],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_an_outdated_mail_is_not_sent(settings, verb, step):
    settings.IS_MAIL_KEPT = True
    people.user("Adam Admin", role=Role.ADMINISTRATOR)
    make, _ = STEPS[verb]
    told = make()
    notices.notify_of(verb, told.at)
    event = Event.objects.filter(subject_id=told.obj.subject_id, verb=verb).latest("id")
    mail = Message.objects.get(event=event, user=told.reader)

    step(told, type(told.obj).objects.get(pk=told.obj.pk), told.at)
    message.send_due(at=told.at)

    mail.refresh_from_db()
    assert mail.state == (MessageState.DONE if step is nothing else MessageState.UNWANTED), mail.error


# Not of meetings. A lapse has called the next rung, and an escalation is handed over to one person.
_WITHOUT_STAND_IN = (
    "actions.action_review_requested",  # the reviewer is somebody from outside the owner's teams
    "incidents.role_assigned",  # the role is that of this one person
    "incidents.update_sent",  # it asks for nothing
    "learnings.",  # nobody sits in another one's seat
    "meetings.",
    "risklog.escalation_lapsed",
    "risklog.escalation_handed_over",
    "signals.threshold_proposed",  # a stand-in does not hold the right
    "talk.",  # a mention asks this one person
)


@pytest.mark.parametrize("verb", [verb for verb in STEPS if not verb.startswith(_WITHOUT_STAND_IN)])
def test_a_waiting_mail_to_somebody_who_goes_away_goes_to_the_stand_in(settings, verb):
    settings.IS_MAIL_KEPT = True
    make, _ = STEPS[verb]
    told = make()
    notices.notify_of(verb, told.at)
    event = Event.objects.filter(subject_id=told.obj.subject_id, verb=verb).latest("id")
    mail = Message.objects.get(event=event, user=told.reader)
    other = people.user("Stan", function=told.reader.function)
    day = told.at.date()
    persons.be_away(told.reader, from_on=day, until_on=day + 9 * DAY, stand_in=other, by=SYSTEM, at=told.at)

    schedule.act(told.at)
    message.send_due(at=told.at)

    mail.refresh_from_db()
    assert mail.state == MessageState.UNWANTED
    of_stand_in = Message.objects.filter(subject=told.obj.subject, user=other)
    assert {one.state for one in of_stand_in} == {MessageState.DONE}
    assert Entry.objects.filter(user=other).exists()
