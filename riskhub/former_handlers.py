"""Former handler keys, under which rows may still wait after an upgrade.

Key -> the current key, or None if nothing is left to do. Then a waiting row is settled without an effect. A
test compares the current and the former keys with tests/flows/handler_keys.txt, which lists every key that
was ever stored. So a key that is renamed or removed without a line here fails the build.
"""

# Until 023c733 a key was `module:function`.
FORMER: dict[str, str | None] = {
    "risklog.operations.taxonomy:on_organisation_set_up": "risklog.taxonomy.add_first_categories",
    "risklog.operations.ladder:on_organisation_set_up": "risklog.ladder.add_first_ladders",
    "signals.operations.series:on_model_registered": "signals.series.claim_for_model",
    "risklog.operations.review:on_breach_group_opened": "risklog.review.open_for_breach_group",
    "risklog.operations.review:on_breach_group_reopened": "risklog.review.open_for_reopened_breach_group",
    "risklog.operations.review:on_breach_joined": "risklog.review.note_joined_breach",
    "risklog.operations.review:on_breach_worsened": "risklog.review.make_critical",
    "risklog.operations.review:on_breach_group_cleared": "risklog.review.note_cleared_breach_group",
    "risklog.operations.review:on_breach_claimed": "risklog.review.set_model",
    "risklog.operations.escalation:on_action_overdue": "risklog.escalation.start_for_overdue_action",
    "risklog.operations.escalation:on_action_settled": "risklog.escalation.resolve_with_action",
    "risklog.operations.escalation:on_action_changed": "risklog.escalation.resolve_after_action_change",
    "risklog.operations.escalation:on_review_settled": "risklog.escalation.resolve_with_review",
    "risklog.operations.escalation:on_review_answered": "risklog.escalation.resolve_when_all_answered",
    "risklog.operations.escalation:on_risk_closed": "risklog.escalation.resolve_with_risk",
    "learnings.operations.learning:draft_from_review": "learnings.learning.draft_from_review",
    "learnings.operations.learning:on_risk_restricted": None,
    "meetings.operations.agenda:on_review_opened": "meetings.agenda.place_review",
    "meetings.operations.agenda:on_escalation_started": "meetings.agenda.place_escalation",
    "meetings.operations.agenda:on_review_settled": "meetings.agenda.finish_review_item",
    "meetings.operations.agenda:on_model_changed": "meetings.agenda.place_waiting",
    "meetings.operations.decision:on_sight_changed": None,
    "meetings.operations.meeting:on_absence_changed": "meetings.meeting.replan_for_person",
    "meetings.operations.meeting:on_team_changed": "meetings.meeting.replan_for_team",
    "notices.operations.entry:tell": "notices.entry.add",
    # Access to a root now covers everything below it, so these handlers are not needed.
    "learnings.learning.follow_visibility": None,
    "meetings.decision.follow_visibility": None,
}
