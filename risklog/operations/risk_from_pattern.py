"""Create a risk from a pattern of breaches."""

from datetime import datetime

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from kit.sight import EVERYONE
from people.models import User
from risklog.models import Risk
from risklog.operations import risk
from risklog.queries import recurrence
from signals.models import BreachGroup
from signals.queries import pattern as patterns
from signals.queries.pattern import ShownPattern
from talk.operations import tag


@history.in_one_transaction
def add_from_pattern(key: str, *, days: int, by: Actor, at: datetime) -> tuple[Risk, bool]:
    """Create a risk from the evidence of a pattern, or find the live risk that it has.

    Returns the risk, and whether it is new.

    key: of a pattern that the actor sees in the last `days` days. The risk is about the newest breach of the
    pattern, and is as restricted as that breach is. Raises Refused(field="pattern" or "category").
    """
    found = tellable(key, days=days, by=by, at=at)
    group = BreachGroup.objects.select_for_update(of=("self",)).select_related("model__owner_team")
    newest = group.get(pk=found.group_ids[0])
    if existing := recurrence.risk_of(found, by.person):
        return existing, False
    draft = recurrence.draft(found, newest, at=at)
    if draft.category is None:
        kind = newest.get_kind_display().lower()
        raise Refused(f"No category covers {kind} signals. Add one first.", field="category")
    made = risk.add(
        title=draft.title,
        category=draft.category,
        likelihood=draft.likelihood,
        impact=draft.impact,
        by=by,
        at=at,
        model=newest.model if found.model else None,
        description=draft.description,
        breach_group=newest,
        series=draft.series,
        feature=draft.feature,
        tags=tag.admit_prefilled(draft.tags),
    )
    return made, True


def tellable(key: str, *, days: int, by: Actor, at: datetime) -> ShownPattern:
    """Return the pattern with numbers that all readers of its risk may know.

    These are the numbers of what everyone may see. The pattern of one restricted model has its own numbers,
    because its risk is restricted as well.
    """
    own = patterns.search(by.person, at=at, days=days).of(key) if isinstance(by.person, User) else None
    public = patterns.search(EVERYONE, at=at, days=days).of(key)
    if public and (own or by.person is None):
        return public
    if own is None:
        raise Refused(
            f"This is no pattern of the last {days} days any more. Load the page of patterns again.",
            field="pattern",
        )
    if not own.is_inside_model:
        raise Refused(
            "Restricted models are a part of this pattern. Create a risk from a pattern of one model.",
            field="pattern",
        )
    return own
