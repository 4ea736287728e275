"""The order of the moments of an incident, without a database."""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any

from kit.zones import for_reader

# In the order in which they happen. Each may be unknown.
MOMENTS = ("started_at", "noticed_at", "mitigated_at", "resolved_at")
LABELS = {
    "started_at": "started",
    "noticed_at": "was noticed",
    "mitigated_at": "was mitigated",
    "resolved_at": "was resolved",
}
YEARS = range(1000, 3000)
# How long ago a moment of an incident is at most. An older one is a slip, such as 1900 or 2006 for 2026.
LONGEST_AGO = timedelta(days=3653)


def bad_year(moment: datetime) -> str:
    """Return what is wrong with the year of a moment and the fix; "" if it can be."""
    return "" if moment.year in YEARS else f"Use a year from {YEARS[0]} to {YEARS[-1]}."


def bad_moment(moment: datetime, now: datetime) -> str:
    """Return what is wrong with a moment that somebody entered, and the fix; "" if it can be."""
    if problem := bad_year(moment):
        return problem
    if moment > now:
        return "This moment is in the future. Enter when it happened."
    return "This moment is more than ten years ago. Check the year." if moment < now - LONGEST_AGO else ""


def in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """Return the moment in a time zone. One of the year 1 that has no date there stays as it is."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def this_minute(now: datetime, moments: Mapping[str, Any]) -> datetime:
    """Return the present minute, for a moment that nobody entered; no earlier than the known moments.

    People enter minutes. With seconds, a moment of the same minute would be before it.
    """
    known = [moment for name in MOMENTS if (moment := moments.get(name)) is not None and moment <= now]
    return max([now.replace(second=0, microsecond=0), *known])


def problems(moments: Mapping[str, datetime | None], given: set[str], *, now: datetime) -> dict[str, str]:
    """Return field -> what is wrong with it and the fix; {} if the moments can be.

    given: the fields that the writer has just entered. Of two moments in the wrong order, one of these is
    named, the later one if both were entered.
    """
    found: dict[str, str] = {}
    entered = [(name, moment) for name in MOMENTS if (moment := moments.get(name)) is not None]
    known = [(name, moment) for name, moment in entered if not bad_year(moment)]
    for name, moment in entered:
        if name in given and (problem := bad_moment(moment, now)):
            found[name] = problem
    for place, (later, later_moment) in enumerate(known):
        for earlier, earlier_moment in known[:place]:
            if later_moment >= earlier_moment:
                continue
            name, other = (later, earlier) if later in given or earlier not in given else (earlier, later)
            relation, way = ("before", "no earlier") if name == later else ("after", "no later")
            found.setdefault(
                name,
                f"The incident cannot have {_past(LABELS[name])} {relation} it {LABELS[other]} "
                f"({for_reader(dict(known)[other])}). Use a moment that is {way}.",
            )
    return found


def _past(words: str) -> str:
    return words.replace("was", "been")
