"""The patterns of breaches that the agenda of a meeting names."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from catalogue.models import Model
from kit.sight import EVERYONE
from meetings.models import Meeting
from signals.queries import pattern as patterns
from signals.queries.pattern import ShownPattern

# A pattern without a newer breach is no longer named.
_RECENT = timedelta(days=30)
_MOST_NAMED, _LONGEST = 3, 300


def for_meeting(meeting: Meeting, *, at: datetime) -> list[ShownPattern]:
    """Return the patterns of the kinds of the focus, among the breaches that everyone may see.

    A pattern of a model belongs to the series in which the owner team of the model takes part.
    """
    kinds = meeting.focus.kinds if meeting.focus else []
    if not kinds:
        return []
    found = [
        pattern
        for pattern in patterns.search(EVERYONE, at=at).patterns
        if pattern.kind in kinds and pattern.latest_at >= at - _RECENT
    ]
    if not found:
        return []
    teams = set(meeting.series.teams.values_list("pk", flat=True))
    slugs = [pattern.model for pattern in found if pattern.model]
    elsewhere = set(
        Model.objects.filter(slug__in=slugs, owner_team__isnull=False)
        .exclude(owner_team__in=teams)
        .values_list("slug", flat=True)
    )
    return [pattern for pattern in found if pattern.model not in elsewhere]


def sentence(found: Sequence[ShownPattern]) -> str:
    """Return the patterns as the reason of an agenda item, "" without any."""
    if not found:
        return ""
    named = [f"{pattern.title} (by chance {pattern.odds})" for pattern in found[:_MOST_NAMED]]
    if (more := len(found) - len(named)) > 0:
        named.append(f"and {more} more")
    return "; ".join(named)[:_LONGEST]
