"""What the memory of a model and of a team tells: event -> (part, words). Pure."""

PARTS: dict[str, tuple[str, dict[str, str]]] = {
    "seen": (
        "Seen",
        {
            "signals.breach_group_opened": "Breach opened",
            "meetings.check_in_noted": "Check-in",
            "incidents.incident_declared": "Incident declared",
            "incidents.incident_resolved": "Incident resolved",
            "risklog.risk_opened": "Risk created",
            "risklog.risk_closed": "Risk closed",
        },
    ),
    "decided": (
        "Decided",
        {
            "meetings.decision_taken": "Decision",
            "signals.threshold_agreed": "Threshold agreed",
            "catalogue.change_request_signed": "Change signed off",
        },
    ),
    "tried": (
        "Tried",
        {
            "risklog.experiment_started": "Experiment started",
            "risklog.experiment_finished": "Experiment finished",
            "catalogue.deployment_recorded": "Deployed",
        },
    ),
    "learned": (
        "Learned",
        {
            "learnings.learning_published": "Learning",
            "incidents.postmortem_finished": "Post-incident review finished",
        },
    ),
}
WORDS = {verb: words for _, verbs in PARTS.values() for verb, words in verbs.items()}
