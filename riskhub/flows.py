"""The handlers of each event: what the same room or an upper one does after a room has written an event.

A handler is `handler(event, *, at)` with a key (`@handler(...)` in its room). Waiting rows store the key. The
relay guarantees that its effect happens once per event. It may run late and out of order, so it reads current
rows.
"""

from collections import defaultdict

from actions.operations import blocked, reminder
from catalogue.operations import change_request, workflow
from history import declarations, wiring
from history.wiring import Handler, OnDemand
from incidents.operations import experiment as incident_experiment
from incidents.operations import observer, postmortem
from incidents.operations import privacy as incident_privacy
from leaders.operations import goal
from learnings.operations import drafting, feed_address, glossary, origin, sign_up
from learnings.operations import privacy as learning_privacy
from meetings.operations import acceptance as decided
from meetings.operations import (
    agenda,
    agenda_handlers,
    agreement,
    calendar_feed,
    claimed,
    experiment_items,
    incident_items,
    meeting,
    minutes,
    model_findings,
    outcome,
    participation,
    source_findings,
    sponsor,
    swap,
    tripwire,
    turn,
    turn_handlers,
)
from notices.operations import delivery, digest, entry
from notices.queries import webhook
from people.operations import person
from riskhub.former_handlers import FORMER
from risklog.operations import (
    acceptance,
    appetite,
    availability,
    change_handlers,
    climb,
    duplicate,
    escalation_handlers,
    escalation_pauses,
    experiment_draft,
    experiment_dues,
    experiment_handlers,
    experiment_privacy,
    experiment_sight,
    ladder,
    noise_handlers,
    reveal,
    review,
    review_handlers,
    risk_privacy,
    scoring,
    stewardship,
    taxonomy,
    template,
    top_rung,
)
from signals.operations import claim, mute, retraining

# The events of a risk after which it may need a plan, or none any more, and which have no other handler.
RISK_EVENTS = (
    "risklog.risk_opened",
    "risklog.risk_assessing",
    "risklog.risk_treating",
    "risklog.risk_monitoring",
)
# Event -> its handlers.
FLOWS: dict[str, tuple[Handler, ...]] = {
    # A new register gets its first risk categories and ladders.
    "people.organisation_set_up": (
        taxonomy.on_organisation_set_up,
        ladder.on_organisation_set_up,
        template.on_organisation_set_up,
        glossary.on_organisation_set_up,
    ),
    # Series and breach groups that named a model before it was registered, or before the name was an alias of
    # it, are linked to it, and so are their reviews (signals.breach_claimed).
    "catalogue.model_registered": (claim.on_model_registered,),
    "catalogue.alias_added": (claim.on_model_registered,),
    # A change request of the full route opens a review. When it is settled, the request can be signed off.
    # Requests that wait for nothing but their sign-off are put on the next suitable agenda.
    "catalogue.change_request_opened": (
        change_handlers.on_change_request_opened,
        agenda_handlers.on_change_to_sign,
    ),
    "catalogue.change_request_reviewed": (agenda_handlers.on_change_to_sign,),
    "catalogue.change_request_signed": (agenda_handlers.on_change_settled,),
    "catalogue.change_request_declined": (
        change_handlers.on_change_request_settled,
        agenda_handlers.on_change_settled,
    ),
    "catalogue.change_request_withdrawn": (
        change_handlers.on_change_request_settled,
        agenda_handlers.on_change_settled,
    ),
    # A breach opens a review by people of two functions.
    "signals.breach_group_opened": (review_handlers.on_breach_group_opened, retraining.on_breach),
    "signals.breach_group_reopened": (review_handlers.on_breach_group_reopened, retraining.on_breach),
    "signals.breach_joined": (review_handlers.on_breach_joined, retraining.on_breach),
    "signals.breach_worsened": (review_handlers.on_breach_worsened,),
    "signals.breach_reopened": (review_handlers.on_breach_worsened,),
    "signals.breach_claimed": (
        review_handlers.on_breach_claimed,
        retraining.on_breach,
        claimed.on_breach_claimed,
    ),
    # Agendas stop naming the metrics that a restricted model claims.
    "signals.series_claimed": (claimed.on_series_claimed,),
    # A muted breach opens a review when its mute or deployment window has ended and it is still open.
    "signals.breach_group_unmuted": (review_handlers.on_breach_group_unmuted, retraining.on_breach),
    # A requested retraining that nobody settles is put on an agenda.
    "signals.retraining_missed": (agenda_handlers.on_retraining_missed,),
    # A group that is merged into one of a restricted model is cleared. Agendas stop naming it.
    "signals.breach_group_cleared": (review_handlers.on_breach_group_cleared, claimed.on_breach_claimed),
    # A source that stopped sending is on an agenda until it sends again.
    "signals.source_silent": (source_findings.on_source_silent,),
    "signals.source_heard": (source_findings.on_source_heard,),
    # A crossed tripwire brings its decision back to a meeting.
    "meetings.tripwire_crossed": (agenda_handlers.on_tripwire_crossed,),
    # Proposed thresholds are put on the next suitable agenda, until they are agreed or declined.
    "signals.threshold_proposed": (agenda_handlers.on_threshold_proposed,),
    "signals.threshold_agreed": (agenda_handlers.on_threshold_settled, agreement.on_threshold_agreed),
    "signals.threshold_declined": (agenda_handlers.on_threshold_settled,),
    # Thresholds whose breaches reviewers call false alarms are put on an agenda.
    "signals.threshold_noisy": (agenda_handlers.on_threshold_noisy,),
    # Reviews and escalations are put on the next suitable agenda.
    "risklog.review_opened": (agenda_handlers.on_review_opened,),
    "risklog.review_reopened": (agenda_handlers.on_review_opened,),
    "risklog.review_annotated": (agenda_handlers.on_review_opened,),  # its team may have been added
    "risklog.review_pressed": (agenda_handlers.on_review_opened,),  # it is critical now, so it moves up
    "risklog.review_answered": (escalation_handlers.on_review_answered,),
    "risklog.review_settled": (
        agenda_handlers.on_review_settled,
        escalation_handlers.on_review_settled,
        drafting.on_review_settled,
        change_handlers.on_review_settled,
        noise_handlers.on_review_settled,
    ),
    "risklog.review_withdrawn": (
        agenda_handlers.on_review_settled,
        escalation_handlers.on_review_settled,
        change_handlers.on_review_withdrawn,
    ),
    "risklog.escalation_started": (agenda_handlers.on_escalation_started,),
    "risklog.escalation_resolved": (agenda_handlers.on_escalation_resolved,),
    # A rung tells the webhooks that it names.
    "risklog.escalation_climbed": (delivery.add_of_rung,),
    "risklog.escalation_lapsed": (delivery.add_of_rung,),
    "risklog.escalation_resumed": (delivery.add_of_rung,),
    "risklog.escalation_stepped_down": (delivery.add_of_rung,),
    "risklog.escalation_called_again": (delivery.add_of_rung,),
    # A severe incident is on the next agenda until it is over. Its review is on one until it is done.
    "incidents.incident_declared": (incident_items.on_incident_declared,),
    "incidents.incident_changed": (
        incident_items.on_incident_declared,
        incident_privacy.on_incident_changed,
        observer.on_incident_changed,
    ),
    # Nobody observes the review of an incident in which they are involved.
    "incidents.role_assigned": (observer.on_incident_changed,),
    "incidents.model_involved": (observer.on_incident_changed,),
    "incidents.incident_reopened": (
        incident_items.on_incident_declared,
        incident_items.on_incident_reopened,
        incident_privacy.on_incident_changed,
    ),
    "incidents.incident_resolved": (incident_items.on_incident_over, incident_items.on_incident_resolved),
    "incidents.incident_withdrawn": (incident_items.on_incident_over,),
    "incidents.postmortem_opened": (incident_items.on_postmortem_opened,),
    "incidents.postmortem_finished": (
        incident_items.on_postmortem_finished,
        drafting.on_postmortem_finished,
    ),
    # A risk that nobody dealt with is put on an agenda.
    "risklog.risk_neglected": (agenda_handlers.on_risk_neglected,),
    # So is a model without an owner, or whose validation is due.
    "catalogue.model_neglected": (model_findings.on_model_neglected,),
    "risklog.risk_closed": (
        escalation_handlers.on_risk_closed,
        decided.on_acceptance_changed,
        duplicate.on_risk_closed,
        appetite.on_risk,
        scoring.on_risk_closed,
    ),
    # Proposed acceptances are put on an agenda until they are decided.
    "risklog.acceptance_proposed": (agenda_handlers.on_acceptance_proposed,),
    "risklog.acceptance_declined": (agenda_handlers.on_acceptance_settled,),
    "risklog.acceptance_withdrawn": (agenda_handlers.on_acceptance_settled,),
    # Acceptances are in the log of decisions.
    "risklog.risk_accepted": (
        decided.on_acceptance_changed,
        agenda_handlers.on_acceptance_settled,
        appetite.on_risk,
    ),
    "risklog.risk_acceptance_ended": (decided.on_acceptance_changed, appetite.on_risk),
    # A risk above its appetite gets a date for a plan, and loses it when it needs none.
    **dict.fromkeys(RISK_EVENTS, (appetite.on_risk,)),
    # It is also restricted as the personal data of its model demands.
    "risklog.risk_changed": (appetite.on_risk, risk_privacy.on_risk_changed),
    "risklog.risk_reopened": (appetite.on_risk, risk_privacy.on_risk_changed),
    # A risk above its appetite without a plan is escalated on the day. With a plan, its escalation ends.
    "risklog.plan_overdue": (escalation_handlers.on_plan_overdue,),
    "risklog.plan_settled": (escalation_handlers.on_plan_settled,),
    "actions.action_opened": (appetite.on_action,),
    "actions.action_reopened": (appetite.on_action,),
    # Overdue experiments are escalated. The escalation ends with the experiment, or with another last day.
    # Results are put on an agenda.
    "risklog.experiment_overdue": (experiment_handlers.on_experiment_overdue,),
    "risklog.experiment_finished": (
        experiment_handlers.on_experiment_settled,
        experiment_items.on_experiment_finished,
    ),
    "risklog.experiment_cancelled": (
        experiment_handlers.on_experiment_settled,
        experiment_items.on_experiment_cancelled,
    ),
    "risklog.experiment_changed": (
        experiment_handlers.on_experiment_settled,
        experiment_privacy.on_experiment_changed,
    ),
    # Overdue actions are escalated. When they are done, their escalation ends.
    "actions.action_overdue": (escalation_handlers.on_action_overdue,),
    "actions.action_done": (escalation_handlers.on_action_settled, appetite.on_action),
    "actions.action_dropped": (escalation_handlers.on_action_settled, appetite.on_action),
    "actions.action_changed": (escalation_handlers.on_action_changed,),
    "actions.action_assigned": (escalation_handlers.on_action_changed,),
    # A long block is on the next agenda; without a sponsor it is escalated. Both end with the block.
    "actions.action_raised": (agenda_handlers.on_action_raised, escalation_handlers.on_action_raised),
    "actions.action_started": (agenda_handlers.on_action_unblocked, escalation_handlers.on_action_unblocked),
    "actions.action_put_back": (agenda_handlers.on_action_unblocked, escalation_handlers.on_action_unblocked),
    # The follow-ups of a closed meeting pass to the next facilitator.
    "meetings.meeting_closed": (minutes.on_meeting_closed,),
    # When a model gets an owner team, its waiting reviews get a meeting. When its personal data begins to
    # demand it, the live risks, and the open incidents, experiments and drafts about it, are restricted.
    "catalogue.model_changed": (
        agenda_handlers.on_model_changed,
        appetite.on_model_changed,
        model_findings.on_model_fixed,
        risk_privacy.on_model_changed,
        incident_privacy.on_model_changed,
        observer.on_model_changed,
        experiment_privacy.on_model_changed,
        learning_privacy.on_model_changed,
    ),
    "catalogue.model_stage_moved": (model_findings.on_model_fixed,),
    "catalogue.validation_planned": (model_findings.on_model_fixed,),
    # Changes of people change the facilitators of meetings.
    "people.person_changed": (
        turn_handlers.on_absence_changed,
        reminder.on_time_changed,
        goal.on_time_changed,
        digest.on_time_changed,
    ),
    # Dates that depend on a time zone, on working hours or on a weekday are planned again when these change.
    "people.organisation_changed": (
        person.on_time_changed,
        reminder.on_time_changed,
        blocked.on_time_changed,
        review.on_time_changed,
        climb.on_time_changed,
        acceptance.on_time_changed,
        appetite.on_time_changed,
        scoring.on_time_changed,
        experiment_dues.on_time_changed,
        postmortem.on_time_changed,
        goal.on_time_changed,
        tripwire.on_time_changed,
        digest.on_time_changed,
    ),
    "people.person_role_changed": (
        turn_handlers.on_absence_changed,
        availability.on_person_unavailable,
        observer.on_person_changed,
    ),
    "people.person_deactivated": (
        turn_handlers.on_absence_changed,
        availability.on_person_unavailable,
        observer.on_person_changed,
        calendar_feed.on_access_ended,
        feed_address.on_access_ended,
        sign_up.on_person_left,
    ),
    "people.password_link_made": (calendar_feed.on_access_ended, feed_address.on_access_ended),
    "people.person_reactivated": (turn_handlers.on_absence_changed,),
    "people.absence_noted": (
        turn_handlers.on_absence_changed,
        availability.on_person_unavailable,
        observer.on_person_changed,
    ),
    "people.absence_begun": (availability.on_person_unavailable, observer.on_person_changed),
    "people.absence_dropped": (turn_handlers.on_absence_changed,),
    "people.team_changed": (turn_handlers.on_team_changed, observer.on_team_changed),
    "people.member_added": (
        turn_handlers.on_team_changed,
        participation.on_member_added,
        observer.on_person_changed,
    ),
    "people.member_removed": (
        turn_handlers.on_team_changed,
        availability.on_person_unavailable,
        participation.on_member_removed,
    ),
    # Reviews and escalations do not wait for a person who can no longer act.
    "history.grant_ended": (availability.on_person_unavailable,),
}

# Handlers that run before all other waiting ones: a breach gets its review first. All other handlers, such as
# those of agendas and inboxes, follow, oldest event first.
FIRST: tuple[Handler, ...] = (
    review_handlers.on_breach_group_opened,
    review_handlers.on_breach_group_reopened,
    review_handlers.on_breach_group_unmuted,
)

# What runs in the transaction that restricts or opens a root, because it repeats texts of what is below it.
ON_VIEWERS_CHANGED = (experiment_sight.restrict_with_source, origin.remove_hidden_categories)
# Kind of due date -> its handler, `handler(due, *, at)`.
DUES: dict[str, Handler] = {
    "people.absence_begins": person.begin_absence,
    "catalogue.effect_due": change_request.note_effect_due,
    "catalogue.reproduction_due": workflow.ask_to_reproduce,
    "catalogue.emergency_unreviewed": change_request.chase,
    "actions.reminder": reminder.remind,
    "actions.stuck": sponsor.raise_blocked,
    "actions.overdue": reminder.note_overdue,
    "signals.mute_ends": mute.note_end,
    "signals.retraining_answer_due": retraining.note_unanswered,
    "incidents.review_reminder": postmortem.remind,
    "incidents.review_overdue": postmortem.escalate,
    "risklog.review_reminder": review.remind,
    "risklog.review_unanswered": review.note_unanswered,
    "risklog.climb": climb.climb,
    "risklog.acknowledgement_lapses": climb.lapse,
    "risklog.pause_ends": escalation_pauses.end_pause,
    "risklog.top_rung_call": top_rung.call,
    "risklog.reveal_lapses": reveal.lapse,
    "risklog.acceptance_ends": acceptance.acceptance_ends,
    "risklog.stewardship": stewardship.find,
    "risklog.finding_left": stewardship.raise_neglected,
    "risklog.plan_due": appetite.plan_is_due,
    "risklog.experiment_ends": experiment_dues.remind,
    "risklog.experiment_overdue": experiment_dues.note_overdue,
    "risklog.scoring_reminder": scoring.remind,
    "risklog.scoring_ends": scoring.end,
    "meetings.plan": meeting.plan_due,
    "meetings.publish": agenda.publish,
    "meetings.turn": turn.remind,
    "meetings.outcome": outcome.ask,
    "meetings.tripwire": tripwire.reach_date,
    "meetings.unheld": meeting.note_unheld,
    "meetings.swap_lapses": swap.lapse,
    "leaders.goal_due": goal.note_due,
    "notices.digest": digest.make,
}


def install() -> None:
    """Install the handlers, and what incidents give a new experiment.

    Every event with recipients (<room>/events.py) also goes to the inbox, and so does every event by which
    another one is answered. Every public event that an active webhook has chosen goes to the deliveries of
    webhooks.
    """
    experiment_draft.install_readers(incident_experiment.DRAFTS)
    subscribed: dict[str, list[Handler]] = defaultdict(list)
    for verb, handlers in FLOWS.items():
        subscribed[verb].extend(handlers)
    for declared in declarations.every():
        if declared.recipients or (declared.mail and declared.mail.address):
            subscribed[declared.verb].append(entry.add)
    for verb in sorted({verb for declared in declarations.every() for verb in declared.answered_by}):
        subscribed[verb].append(entry.settle)
    chained = [declared.verb for declared in declarations.every() if declared.is_chained]
    webhooks = OnDemand(delivery.add, frozenset(webhook.public_verbs()), webhook.chosen_verbs())
    wiring.install(
        flows=subscribed,
        dues=DUES,
        chained=chained,
        first=FIRST,
        former=FORMER,
        on_demand=(webhooks,),
        on_viewers_changed=ON_VIEWERS_CHANGED,
    )
