"""What a new learning about a decision begins with (learnings.queries.prefill)."""

from history.models import Subject
from learnings.queries.prefill import Prefilled, action_lines, lessons_from, paragraphs
from meetings.models import Decision


def known_of_decision(about: Subject) -> Prefilled:
    """Return what a decision says: its text, its reason, its actions, and whether it worked."""
    decision = Decision.objects.get(subject=about)
    outcome = ""
    if decision.outcome:
        outcome = f"**Did it work? {decision.get_outcome_display()}.** {decision.outcome_note}"
    return Prefilled(
        title=lessons_from(decision.text),
        seen=paragraphs(decision.text, decision.reason, outcome),
        to_adjust=action_lines(about),
        tags=("decision",),
    )
